"""The main job on a photograph, start to end: align, invert, edit, and say where the pictures are and what they measure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import LatentLabError

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.inversion.saved import Saved
    from latentlab.studio.studio import Studio

WISHES = ({"age": 1.0}, {"yaw": -1.0}, {"yaw": 1.0})
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

    from latentlab.core.files import atomic

    path = folder / PORTRAIT
    if not path.exists():
        with atomic(path) as temporary:
            Image.fromarray(data.astronaut()).save(temporary, format="PNG")
    return path


def demo(
    studio: Studio, photo: Path | None = None, budget: float = 60.0, watch: Watch | None = None
) -> Iterator[Shown]:
    """Pictures as they are finished."""
    from latentlab.studio.picture import writable

    folder = writable(Path(studio.home))
    source = photo or portrait(folder)
    face = _inverted(studio, source, budget, watch)
    yield Shown(face.folder / "aligned.png", "the face, aligned")
    yield Shown(face.folder / "reconstruction.png", f"inverted: {_nearness(face)}")
    yield from _edits(studio, face)


def _inverted(studio: Studio, photo: Path, budget: float, watch: Watch | None) -> Saved:
    from latentlab.studio.invert import choose_method, invert

    found = invert(studio, photo, method=choose_method("auto", budget=budget), watch=watch)
    assert not isinstance(found, list), "one photo is one face"
    return found


def _nearness(face: Saved) -> str:
    """How near the inversion is, in the figures that a reader knows; the lab keeps all of them."""
    read = {name: float(value[0]) for name, value in face.inversion.measures.items()}
    words = [f"PSNR {read['psnr']:.1f} dB", f"MS-SSIM {read['ms_ssim']:.3f}"]
    if "identity" in read:
        words.append(
            f"identity distance {read['identity']:.2f} (same person: below 0.6; shrinking the photo alone costs "
            f"{read['identity_floor']:.2f})"
        )
    if read.get("out_of_domain"):
        words.append("unlike the faces this network knows, so edits reach less than they promise")
    return ", ".join(words)


def _edits(studio: Studio, face: Saved) -> Iterator[Shown]:
    from latentlab.studio.library import own_names

    names = own_names(studio)
    wishes = [wish for wish in WISHES if set(wish) <= set(names)]
    if not wishes:
        warnings.warn(
            "there are no directions for this network yet; find some: latentlab discover --help", stacklevel=2
        )
    for wish in wishes:
        picture = studio.edit(face, wish)
        path = picture.save(face.folder / f"{picture.name}.png")
        yield Shown(path, _change(studio, face, picture, next(iter(wish))))


def _change(studio: Studio, face: Saved, picture, name: str) -> str:  # type: ignore[no-untyped-def]
    """What the guide scorer and dlib's identity say about an edit."""
    from latentlab.studio.companions import guide
    from latentlab.studio.photo_story import identity_measures

    words = []
    after = picture.image[None]
    try:
        scorer = guide(studio)
        if name in scorer.names:
            column = list(scorer.names).index(name)
            before, now = (float(scorer(image)[0, column]) for image in (face.inversion.image, after))
            words.append(f"{name} {before:.2f} → {now:.2f} {scorer.units.get(name, '')}".strip())
    except LatentLabError:
        pass
    identity = identity_measures(face.inversion.image, after).get("identity")
    if identity is not None:
        words.append(f"identity distance {float(identity[0]):.2f} (same person: below 0.6)")
    return ", ".join(words) or "edited"
