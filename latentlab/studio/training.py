"""Training for the command line: settings as words, the run's log as lines, what an encoder is taught with."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadInput, MissingPart
from latentlab.store.beside import beside

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.studio.studio import Studio

LOG = "log.jsonl"


def parse_settings(words: Iterable[str]) -> dict[str, Any]:
    """`r1=0.5` to names and values; a value is a number, a word, True, False, None, or a tuple of such."""
    settings: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name.strip() or not equals:
            raise BadInput(f"'{word}' is no setting; write its name and value, for example --set r1=0.5")
        try:
            settings[name.strip()] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            settings[name.strip()] = text.strip()
    return settings


def train(studio: Studio, watch: Watch | None = None, settings: Iterable[str] = (), **fields: Any) -> Path:
    """Train a generator; returns its file. The fields are those of `backbones.train.Train`."""
    from latentlab.backbones.train import Train

    method = Train(device=studio.device, settings=_with_seed(studio, settings), **fields)
    return method.run(watch=studio.tell(watch))


def train_encoder(
    studio: Studio, watch: Watch | None = None, settings: Iterable[str] = (), **fields: Any
) -> Path:
    """Train an encoder for the studio's generator; returns its file."""
    from latentlab.backbones.train_encoder import TrainEncoder

    method = TrainEncoder(device=studio.device, settings=_with_seed(studio, settings), **fields)
    return method.run(
        studio.generator, discriminator_of(studio), identity=identity_of(studio), watch=studio.tell(watch)
    )


def finetune(studio: Studio, watch: Watch | None = None, settings: Iterable[str] = (), **fields: Any) -> Path:
    """Take the studio's network to a new domain; returns the difference's file."""
    from latentlab.backbones.finetune import Finetune
    from latentlab.studio.networks import find

    parent = find(studio.network, studio.home)
    method = Finetune(parent=parent, device=studio.device, settings=_with_seed(studio, settings), **fields)
    return method.run(watch=studio.tell(watch))


def _with_seed(studio: Studio, words: Iterable[str]) -> dict[str, Any]:
    """The seed of the command line is a setting like any other."""
    settings = parse_settings(words)
    return ({"seed": studio.seed} if studio.seed else {}) | settings


def discriminator_of(studio: Studio) -> Any:
    """The discriminator inside the network's file, or beside it; None where there is none."""
    from latentlab.core.errors import LatentLabError
    from latentlab.studio.networks import find, make, read

    path = find(studio.network, studio.home)
    for place in (path, beside(path, "discriminator")):
        try:
            if place.is_file():
                return make(read(place, ("D",))["D"]).to(studio.place)
        except LatentLabError:
            continue
    return None


def identity_of(studio: Studio) -> Any:
    """The distance of our identity embedding; None where it is not at hand."""
    from latentlab.scorers import SCORERS

    try:
        return SCORERS["identity"](device=studio.place).distance
    except MissingPart:
        return None


class LogReader:
    """Reads what a run has added to its log since the last time."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder) / LOG
        self.place = self.path.stat().st_size if self.path.exists() else 0

    def new(self) -> Iterator[dict[str, Any]]:
        """Every whole new line."""
        if not self.path.exists():
            return
        if self.path.stat().st_size < self.place:  # a resumed run has cut its log
            self.place = 0
        with open(self.path, "rb") as file:
            file.seek(self.place)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.place += len(line)
                yield json.loads(line)
