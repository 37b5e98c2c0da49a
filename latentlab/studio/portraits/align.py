"""Photos to aligned faces on disk: `studio.align("photo.jpg")`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadInput
from latentlab.core.files import write_text
from latentlab.core.made import MARK
from latentlab.core.ranges import FaceNumber, Pixels, check
from latentlab.store.home import safe_name

if TYPE_CHECKING:
    from latentlab.faces.photo import FaceInPhoto

SMALLEST, LARGEST = 16, 4096


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """One face of a photo."""

    name: str
    """Of the file it goes into: the photo's name, numbered where it shows several faces."""
    face: FaceInPhoto

    def save(self, folder: str | Path) -> Path:
        """The face as PNG (a photograph: no claim that a network made it), and how to undo the crop as JSON."""

        from latentlab.inversion.saved import save_photo

        path = save_photo(self.face.image, Path(folder) / f"{self.name}.png")
        told = {"about": MARK, **self.face.crop.to_json()}
        write_text(path.with_suffix(".crop.json"), json.dumps(told, indent=1) + "\n")
        return path


@dataclass(frozen=True)
class Align:
    """Which faces, and how large."""

    size: Pixels = 256
    """Side of the aligned pictures in pixels."""
    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    all: bool = False
    """Every face of each photo."""
    profile: bool = False
    """Also accept faces seen from the side."""

    def __post_init__(self) -> None:
        check(self)
        if not SMALLEST <= self.size <= LARGEST:
            raise BadInput(f"`size` is {self.size}; it goes from {SMALLEST} to {LARGEST}")
        if self.all and self.face is not None:
            raise BadInput("`all` takes every face, `face` one of them; give one of the two")

    def faces(self, photo: str | Path) -> Iterator[AlignedFace]:
        """The faces of one photo, from left to right."""
        from latentlab.faces.photo import face_in_photo, faces_in_photo

        name = safe_name(Path(photo).name)
        if not self.all:
            yield AlignedFace(name, face_in_photo(photo, self.size, self.face, allow_profile=self.profile))
            return
        found = faces_in_photo(photo, self.size)
        for number, face in enumerate(found, 1):
            yield AlignedFace(f"{name}_{number}" if len(found) > 1 else name, face)
