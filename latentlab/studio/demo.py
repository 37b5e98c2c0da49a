"""The demonstration: a photo aligned, inverted and edited on the embedded default, offline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.image import grid, load_picture, save_image
from latentlab.store.home import find_asset

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.studio.studio import Studio

WISHES = (("age", 2.0), ("age", -2.0), ("smile", 2.0), ("yaw", 2.0))


@dataclass(frozen=True)
class Made:
    """One thing the demonstration made."""

    what: str
    path: Path
    measured: str = ""


def has_default() -> bool:
    """Whether the embedded default ships with this installation."""
    return find_asset("faces/generator.safetensors") is not None


def portrait(folder: Path) -> Path:
    """The portrait that scikit-image ships (Eileen Collins, NASA, public domain), as a file."""
    from PIL import Image
    from skimage import data

    return save_image(Image.fromarray(data.astronaut()), folder / "portrait.png", source="algorithmicMedia")


def demonstrate(
    studio: Studio, folder: Path | str, photo: Path | str | None = None, watch: Watch | None = None
) -> Iterator[Made]:
    """Align the photo; then invert and edit it, or, where no default network ships, draw from a tiny seeded one."""
    folder, tell = Path(folder), studio.tell(watch)
    source = Path(photo) if photo else portrait(folder)
    load_picture(source)  # a bad photo is said before anything else is made
    tell(0.1, "aligning the photo")
    aligned = studio.align(source)
    yield Made(
        "aligned photo", save_image(aligned.face.image, folder / "aligned.png", source="algorithmicMedia")
    )
    yield from _edits(studio, folder, source, tell) if has_default() else _samples(studio, folder, tell)


def _edits(studio: Studio, folder: Path, source: Path, tell: Any) -> Iterator[Made]:
    from latentlab.studio.library import own_names

    tell(0.2, "inverting")
    face = studio.invert(source, force=True)
    measured = ", ".join(
        f"{name} {value:.3g}"
        for name, value in face.story.get("errors", {}).items()
        if isinstance(value, float)
    )
    yield Made("reconstruction", face.folder / "reconstruction.png", measured)
    wishes = [(name, strength) for name, strength in WISHES if name in own_names(studio)]
    for place, (name, strength) in enumerate(wishes):
        tell(0.5 + 0.5 * place / len(wishes), f"{name} {strength:+g}")
        picture = studio.edit(face, {name: strength})
        yield Made(f"{name} {strength:+g}", picture.save(folder / f"{name}{strength:+g}.png"))


def _samples(studio: Studio, folder: Path, tell: Any) -> Iterator[Made]:
    import torch

    tell(0.5, "drawing")
    pictures = studio.generate(seeds=range(8), psi=0.7)
    sheet = grid(torch.stack([picture.image for picture in pictures]), columns=4)
    yield Made(
        "samples of a tiny network with random weights",
        save_image(sheet, folder / "samples.png", {"command": "demo"}),
    )
