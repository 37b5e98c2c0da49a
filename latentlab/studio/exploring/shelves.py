"""The shelf: faces, directions, edits and networks that are kept; rename, delete with a way back, take along as a zip."""

from __future__ import annotations

import io
import os
import shutil
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput
from latentlab.directions.facts import SUFFIX as DIRECTION_ENDING
from latentlab.directions.library import load_direction, save_direction
from latentlab.store.home import NETWORKS, check_name, entries, known_networks
from latentlab.studio.exploring.kept_edits import edit_file, kept_edits
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.directions import directions_folder

BIN = ".bin"
"""The folder in the lab where what was deleted waits."""
GONE = "'{}' is not on the shelf any more; somebody else renamed or deleted it"


@dataclass(frozen=True)
class Shelf(ABC):
    """Things of one kind in a lab."""

    lab: Lab

    @abstractmethod
    def names(self) -> list[str]:
        """What is there and can be renamed, the newest last."""

    @abstractmethod
    def place(self, name: str) -> Path:
        """The file or folder of this name, whether or not it is there."""

    def rename(self, name: str, to: str) -> Path:
        """Another name, which has to be free."""
        target = self.place(check_name(to))
        if target.exists():
            raise BadInput(f"the shelf has something called '{to}' already; choose another name")
        return self._carried(self._found(name), target, to)

    def delete(self, name: str) -> Path:
        """Put it into the bin; `restore` takes it out again. What somebody else deleted meanwhile is said to be gone."""
        place = self._found(name)
        waiting = Path(self.lab.home) / BIN
        waiting.mkdir(exist_ok=True)
        return _moved(place, waiting / f"{name}@{time.time_ns()}")

    def restore(self, kept: Path) -> str:
        """The name under which it is back: its own, or with a number where that is taken meanwhile."""
        name = first = kept.name.partition("@")[0]
        number = 2
        while self.place(name).exists():
            name, number = f"{first}_{number}", number + 1
        self.place(name).parent.mkdir(parents=True, exist_ok=True)
        self._carried(kept, self.place(name), name)
        return name

    def bundle(self, names: Sequence[str]) -> bytes:
        """Things with all their files, as a zip."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                place = self._found(name)
                for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                    if file.is_file():
                        archive.write(file, file.relative_to(place.parent))
        return buffer.getvalue()

    def _found(self, name: str) -> Path:
        if name not in self.names():
            raise BadInput(GONE.format(name))
        return self.place(name)

    def _carried(self, place: Path, target: Path, name: str) -> Path:
        """To its new place; a kind whose files hold their own name overrides this."""
        return _moved(place, target)


class Faces(Shelf):
    """Inverted and kept faces, a folder each."""

    def names(self) -> list[str]:
        return entries(self.lab.home)

    def place(self, name: str) -> Path:
        return Path(self.lab.home) / name


class Directions(Shelf):
    """Directions of this network in the lab; those that came with it stay as they are."""

    def names(self) -> list[str]:
        found = sorted(
            directions_folder(self.lab).glob(f"*{DIRECTION_ENDING}"),
            key=lambda path: (path.stat().st_mtime_ns, path.name),
        )
        return [path.name.removesuffix(DIRECTION_ENDING) for path in found]

    def place(self, name: str) -> Path:
        return directions_folder(self.lab) / f"{name}{DIRECTION_ENDING}"

    def _carried(self, place: Path, target: Path, name: str) -> Path:
        """The file tells the direction's name: it is written anew, then the old one goes."""
        try:
            direction = load_direction(place)
        except BadFile:
            if not place.exists():
                raise BadInput(GONE.format(place.name.partition(".")[0])) from None
            raise
        save_direction(replace(direction, name=name), target.parent)
        place.unlink(missing_ok=True)
        return target


class Edits(Shelf):
    """Edits that were kept without their face."""

    def names(self) -> list[str]:
        return kept_edits(self.lab)

    def place(self, name: str) -> Path:
        return edit_file(self.lab, name)


class Networks(Shelf):
    """Networks in the lab; those that ship or were fetched are only opened."""

    def names(self) -> list[str]:
        folder = Path(self.lab.home) / NETWORKS
        return [path.stem for path in sorted(folder.glob("*.safetensors"))]

    def place(self, name: str) -> Path:
        return Path(self.lab.home) / NETWORKS / f"{name}.safetensors"

    def openable(self) -> list[str]:
        """Every network that can be opened by its name."""
        return sorted(known_networks(self.lab.home))


def _moved(place: Path, target: Path) -> Path:
    try:
        # a rename says who was first where two delete the same thing at once
        os.rename(place, target)
    except FileNotFoundError:
        raise BadInput(GONE.format(place.name)) from None
    except OSError:
        try:
            shutil.move(place, target)
        except OSError as error:
            raise BadFile(f"cannot move {place.name}: {error.strerror or error}") from None
    return target
