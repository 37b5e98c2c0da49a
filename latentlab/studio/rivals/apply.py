"""A trained baseline on photographs: aligned, edited, pasted back as the backbone's edits are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import interpolate

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.shapes import Images
from latentlab.store.home import safe_name
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.reports.measure import PICTURES

if TYPE_CHECKING:
    from latentlab.baselines.baseline import Edited, Wish
    from latentlab.baselines.files import Trained
    from latentlab.faces.photo import FaceInPhoto

Wanted = float | str | Path | None
"""How much, or the photo of whom; None is as much as the method does by itself."""
LARGE = 256
"""Pixels that a photo's face is cut out with, at least."""


@dataclass(frozen=True)
class ApplyBaseline:
    """Which baseline, and what is wished for."""

    baseline: str
    """A name of one that ships, or the file (or folder) of a training."""
    wishes: Mapping[str, Wanted] = field(default_factory=dict)
    aligned: bool = False
    """Give the aligned face alone, not the photo with it."""
    face: int | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    profile: bool = False
    """Also accept faces seen from the side."""


@dataclass(frozen=True, eq=False)
class OpenBaseline:
    """A baseline that is loaded and can grant the wishes."""

    lab: Lab
    request: ApplyBaseline
    trained: Trained
    wishes: Mapping[str, Wish]

    @torch.no_grad()
    def edit(self, faces: Images) -> Edited:
        """Aligned faces of any size, at the size of the method."""
        own = fitted(faces, self.trained.method.picture_size)
        return self.trained.method.edit(self.trained.networks, own.to(self.lab.place), self.wishes)

    def draw(self, photo: str | Path) -> Iterator[Picture]:
        """The photo with its face edited; where the method can show where it looked, that too."""
        from latentlab.faces.photo import face_in_photo

        request, size = self.request, self.trained.method.picture_size
        found = face_in_photo(photo, max(size, LARGE), request.face, allow_profile=request.profile)
        after = self.edit(found.image)
        name = f"{safe_name(Path(photo).name)}_{self.trained.name}_{'_'.join(self.wishes)}"
        if request.aligned:
            yield Picture(name, after.images[0].cpu(), self.recipe())
        else:
            source = "compositeWithTrainedAlgorithmicMedia"
            yield Picture(name, self._pasted(found, after.images.cpu().float()), self.recipe(), source)
        if after.heat is not None:
            yield Picture(f"{name}_heat", heated(found.image, after.heat.cpu())[0], self.recipe())

    def recipe(self) -> dict[str, object]:
        """How the picture was made; the photo itself is not in it."""
        wished = {
            name: Path(w).name if isinstance(w, str | Path) else w for name, w in self.request.wishes.items()
        }
        return {
            "kind": "baseline", "baseline": self.trained.name, "hash": self.trained.hash, "wishes": wished,
            "title": self.trained.method.title,
        }  # fmt: skip

    def _pasted(self, found: FaceInPhoto, edited: Images):
        from latentlab.editing.paste import restore
        from latentlab.faces.paste import paste_back

        seen = fitted(found.image, self.trained.method.picture_size)
        face = restore(edited, seen, found.image)
        return paste_back(found.picture, face.clamp(-1, 1), found.crop)


def open_baseline(lab: Lab, request: ApplyBaseline) -> OpenBaseline:
    """Load the baseline and check the wishes.

    Raises:
        BadInput: a wish that it cannot grant (the message says which baselines can), or a value out of range.
        MissingPart: no weights of it ship.
        BadFile: a file that is no baseline.
    """
    from latentlab.baselines.baseline import granted
    from latentlab.baselines.files import find, load

    trained = load(find(request.baseline))
    for network in trained.networks.values():
        network.to(lab.place)
    size = trained.method.picture_size
    wishes = {name: _wish(name, value, size, trained) for name, value in request.wishes.items()}
    return OpenBaseline(lab, request, trained, granted(trained.method, trained.name, wishes))


def photos_of(items: tuple[str | Path, ...]) -> list[Path]:
    """Photos, and every photo of the folders among them."""
    found: list[Path] = []
    for item in map(Path, items):
        if not item.is_dir():
            found.append(item)
            continue
        pictures = sorted(path for path in item.iterdir() if path.suffix.lower() in PICTURES)
        if not pictures:
            raise BadFile(f"{item} holds no pictures ({', '.join(PICTURES)}); name another folder, or photos")
        found += pictures
    return found


def fitted(faces: Images, size: int) -> Images:
    """Faces at another size."""
    if faces.shape[-1] == size:
        return faces
    return interpolate(faces.float(), (size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def heated(faces: Images, heat: torch.Tensor) -> Images:
    """Faces under a map of where a method looked: blue little, red much."""
    low, high = heat.amin((1, 2, 3), keepdim=True), heat.amax((1, 2, 3), keepdim=True)
    share = interpolate((heat - low) / (high - low).clamp_min(1e-6), faces.shape[-2:], mode="bilinear")
    colours = torch.cat([1.5 - (4 * share - centre).abs() for centre in (3.0, 2.0, 1.0)], 1).clamp(0, 1)
    return 0.5 * faces.cpu() + 0.5 * (2 * colours - 1)


def _wish(name: str, value: Wanted, size: int, trained: Trained) -> Wish:
    from latentlab.baselines.baseline import Wish
    from latentlab.faces.photo import face_in_photo

    grant = trained.method.grants.get(name)
    if grant is None or value is None:
        return Wish()
    if grant.reference:
        return Wish(reference=face_in_photo(str(value), size).image)
    if isinstance(value, str | Path):
        raise BadInput(f"'{value}' in '{name}={value}' is not a number ({grant.unit})")
    return Wish(float(value))
