"""The main job on a photograph, start to end: align, invert, edit, and say where the pictures are and what they measure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.face import Face
from latentlab.core.files import atomic
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.edit import Edit, open_edit
from latentlab.studio.portraits.invert import choose_method, invert
from latentlab.studio.portraits.photo_story import nearness
from latentlab.studio.portraits.request import Invert
from latentlab.studio.portraits.which import for_source
from latentlab.studio.shelf.directions import own_names

WISHES = (
    {"age": 2.0}, {"age": -2.0}, {"yaw": -1.0}, {"yaw": 1.0}, {"smile": 1.0}, {"lipstick": 2.0}, {"glasses": 2.0},
)  # fmt: skip
"""Older, younger, turned both ways, smiling, made up, with glasses."""
PORTRAIT = "portrait.png"


@dataclass(frozen=True)
class Shown:
    """One picture of the demo and what there is to say about it."""

    path: Path
    words: str


def portrait(folder: Path) -> Path:
    """The portrait that ships with scikit-image (Eileen Collins, NASA, public domain), as a file."""
    from PIL import Image
    from skimage import data

    path = folder / PORTRAIT
    if not path.exists():
        with atomic(path) as temporary:
            Image.fromarray(data.astronaut()).save(temporary, format="PNG")
    return path


def demo(
    studio: Lab, photo: Path | None = None, budget: float | None = None, watch: Watch | None = None
) -> Iterator[Shown]:
    """Pictures as they are finished."""

    folder = writable(Path(studio.home))
    source = photo or portrait(folder)
    request = Invert(choose_method("auto", budget=budget))
    (face,) = invert(studio, [source], request, watch)
    assert face.folder is not None, "the lab keeps what is inverted"
    kept = face.folder
    yield Shown(kept / "aligned.png", "the face, aligned")
    network = f" in '{for_source(studio, face).name}'" if "chosen" in face.origin else ""
    yield Shown(kept / "reconstruction.png", f"inverted{network}: {nearness(face)}")
    yield from _edits(studio, face, kept)


def _edits(studio: Lab, face: Face, kept: Path) -> Iterator[Shown]:
    names = own_names(for_source(studio, face))
    wishes = [wish for wish in WISHES if set(wish) <= set(names)]
    if not wishes:
        warnings.warn(
            "there are no directions for this network yet; find some: latentlab discover --help", stacklevel=2
        )
    for wish in wishes:
        opened = open_edit(studio, Edit(wish), face)
        (picture,) = opened.draw()
        path = picture.save(kept / f"{picture.name}.png")
        yield Shown(path, "; ".join(opened.told) or "edited")
