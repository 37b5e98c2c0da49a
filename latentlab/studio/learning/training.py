"""Training for the command line: settings as words, the run's log as lines, what an encoder is taught with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from latentlab.core.distance import Distance
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.watch import Watch
from latentlab.store.beside import beside
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.children import is_child, parent_file
from latentlab.studio.shelf.finding import find
from latentlab.studio.shelf.networks import make, read

if TYPE_CHECKING:
    from latentlab.studio.fields import FinetuneFields, TrainEncoderFields, TrainFields

LOG = "log.jsonl"


def train(
    studio: Lab,
    watch: Watch | None = None,
    settings: Mapping[str, Any] | None = None,
    **fields: Unpack[TrainFields],
) -> Path:
    """Train a generator; returns its file. The fields are those of `backbones.train.Train`."""
    from latentlab.backbones.train import Train

    method = Train(device=studio.device, settings=_with_seed(studio, settings), **fields)
    identity = identity_of(studio) if method.encoder is not None else None
    return method.run(watch=studio.tell(watch), identity=identity)


def train_encoder(
    studio: Lab,
    watch: Watch | None = None,
    settings: Mapping[str, Any] | None = None,
    **fields: Unpack[TrainEncoderFields],
) -> Path:
    """Train an encoder for the studio's generator; returns its file."""
    from latentlab.backbones.train_encoder import TrainEncoder

    method = TrainEncoder(device=studio.device, settings=_with_seed(studio, settings), **fields)
    return method.run(
        studio.generator, discriminator_of(studio), identity=identity_of(studio), watch=studio.tell(watch)
    )


def finetune(
    studio: Lab,
    watch: Watch | None = None,
    settings: Mapping[str, Any] | None = None,
    **fields: Unpack[FinetuneFields],
) -> Path:
    """Take the studio's network to a new domain; returns the difference's file."""
    from latentlab.backbones.finetune import Finetune

    parent = find(studio.network, studio.home)
    method = Finetune(parent=parent, device=studio.device, settings=_with_seed(studio, settings), **fields)
    identity = identity_of(studio) if method.encoder is not None else None
    return method.run(watch=studio.tell(watch), identity=identity)


def _with_seed(studio: Lab, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The studio's seed is a setting like any other."""
    return ({"seed": studio.seed} if studio.seed else {}) | dict(settings or {})


def discriminator_of(studio: Lab) -> Any:
    """The discriminator inside the network's file, or beside it, or of a child its parent's; None where there is none."""

    path = find(studio.network, studio.home)
    parent = parent_file(path, studio.home) if is_child(path) else None
    for place in (path, *(beside(one, "discriminator") for one in (path, parent) if one is not None)):
        try:
            parts = read(place, ("D",), studio.home) if place.is_file() else {}
        except LatentLabError:
            continue
        if "D" in parts:
            return make(parts["D"]).to(studio.place)
    return None


def identity_of(studio: Lab) -> Distance | None:
    """The distance of our identity embedding; None where it is not at hand."""
    from latentlab.studio.shelf.companions import identity
    from latentlab.teaching.likeness import IdentityDistance

    try:
        return IdentityDistance(identity(studio).embed)
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
