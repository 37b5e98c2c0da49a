"""Make a picture again from the recipe in it; the recipe is untrusted: known commands, inputs by hash, no paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentlab.core.errors import BadFile, WrongGenerator, unknown
from latentlab.core.image import load_picture, read_story
from latentlab.studio.recipe import circumstances, field_of

if TYPE_CHECKING:
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio

KINDS = {
    "generate": "latentlab.studio.samples:remake",
    "grid": "latentlab.studio.gallery:remake",
    "mix": "latentlab.studio.mix:remake",
    "mix-grid": "latentlab.studio.mix:remake_grid",
    "invert": "latentlab.studio.invert:remake",
    "edit": "latentlab.studio.edit_again:remake",
    "edit-sheet": "latentlab.studio.edit_again:remake_sheet",
}
"""Command in a recipe to `function(studio, asked, inputs) -> Picture`; a new kind of picture is a line here."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """A picture made again, beside the one that is there."""

    picture: Picture
    largest: int
    """Largest difference of a byte, 0 to 255."""
    changes: tuple[str, ...]
    """What is different from when the picture was made."""

    @property
    def verdict(self) -> str:
        """In words: equal, within rounding, or not the same picture."""
        why = f" ({'; '.join(self.changes)})" if self.changes else ""
        if self.largest == 0:
            return "equal pixels"
        if self.largest == 1:
            return f"within 1/255{why}"
        return f"differs by up to {self.largest}/255{why}: the picture was changed after it was made, or the recipe was"


def replay(studio: Studio, path: str | Path, inputs: Sequence[str | Path] = ()) -> Replayed:
    """The picture in `path` made again; `inputs` are files (saved latents, photos) that its recipe may need."""
    path = Path(path)
    there, story = np.asarray(load_picture(path)), read_story(path)
    command = field_of(story, "command", str)
    if command not in KINDS:
        raise unknown("command in a recipe", command[:40], KINDS)
    home = _with_network(studio, field_of(story, "network", dict))
    module, _, function = KINDS[command].partition(":")
    remake = getattr(import_module(module), function)
    picture = remake(home, field_of(story, "asked", dict), [Path(item) for item in inputs])

    again = np.asarray(picture.show())
    if again.shape != there.shape:
        raise BadFile(
            f"{path} has {there.shape[1]}×{there.shape[0]} pixels, its recipe makes {again.shape[1]}×{again.shape[0]}"
        )
    largest = int(np.abs(again.astype(int) - there.astype(int)).max())
    return Replayed(picture, largest, tuple(_changes(field_of(story, "made", dict, {}), home)))


def _with_network(studio: Studio, wanted: Mapping[str, Any]) -> Studio:
    """The studio on the network with this hash: the one that is open, or one that is known by name here."""
    from latentlab.store.home import known_networks

    digest, name = field_of(wanted, "hash", str), str(wanted.get("name", ""))[:80]
    if studio.generator.hash == digest:
        return studio
    for known, path in known_networks(studio.home).items():
        if _may_be(path, known, name, digest):
            other = replace(studio, network=known)
            if other.generator.hash == digest:
                return other
    raise WrongGenerator(
        f"the picture was made by the network '{name}' ({digest[:12]}), this is '{studio.name}' "
        f"({studio.generator.hash[:12]}); name that network's file with --network"
    )


def _may_be(path: Path, known: str, name: str, digest: str) -> bool:
    """Whether it is worth loading a file: its name fits, or its story has the hash."""
    from latentlab.store.archive import read_story as story_of

    if path.suffix == ".safetensors":
        return story_of(path).get("hash") == digest
    return name in (known, path.name)


def _changes(made: Mapping[str, object], studio: Studio) -> list[str]:
    now = circumstances(studio) | {"batch": 1}
    return [f"{key} was {str(made.get(key))[:40]}, is {now[key]}" for key in now if made.get(key) != now[key]]
