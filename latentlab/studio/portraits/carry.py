"""A photo that takes part in its edits: the generator says what changes, every pixel comes from the photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError, MissingPart, unknown
from latentlab.core.exposure import USUAL_EXPOSURE, Exposure, exposure_from
from latentlab.core.face import Face, Photo
from latentlab.core.shapes import Images
from latentlab.editing.regions import region_mask
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.kinds import KINDS, MOVES, TURNS, apart, best, kind_of
from latentlab.editing.transfer.transfer import LARGEST, Carried, Scene, Transfer
from latentlab.editing.transfer.turn import TurnTransfer
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import has_transfer

if TYPE_CHECKING:
    from PIL.Image import Image

CHOICES = ("auto", *TRANSFERS, "none")
SMALLEST = 256
FACTOR = 8
"""A photo is edited at up to so many times the network's own size."""
TORN = 0.25
"""Beyond this share of the face the picture tears; said in one line."""


@dataclass(frozen=True, eq=False)
class Carrier:
    """One face's photo, and the method that carries edits to it."""

    method: Transfer
    photo: Images
    """The aligned face at the photo's own resolution, [1 3 s s]."""
    before: Images
    """As the network renders it, [1 3 r r]."""
    marks: Tensor | None = None
    """The photo's landmarks [1 68 2] at 256 pixels, where they are known; else they are looked for."""
    exposure: Exposure = USUAL_EXPOSURE
    """In which it was inverted; the edit is made in it and put back."""
    cut: Images | None = None
    """What was cut from the photo, [1 3 s s], where it was not shrunk: an edited face is put back beside it."""

    def image(self, after: Images, strengths: Mapping[Direction, float], mask: Tensor | None) -> Carried:
        """The edited photo; it changes only inside the mask, or inside the regions of directions that all have one."""
        photo = self.exposure.stretched(self.photo)
        method = self._method(strengths)
        drawn, marks = self._landmarks(after, method), None
        if drawn is not None and isinstance(method, TurnTransfer) and self._points is not None:
            marks = (self._points[0] + 0.5) * photo.shape[-1] / SMALLEST - 0.5
        found = method.carry(Scene(photo, self.before, after.to(self.photo).clamp(-1, 1), drawn, marks))
        found = replace(found, image=self.exposure.restored(found.image))
        area = self._area(strengths) if mask is None else mask
        if area is None:
            return found
        size = self.photo.shape[-2:]
        share = interpolate(area.to(self.photo), size, mode="bilinear", antialias=True).clamp(0, 1)
        return Carried(self.photo + share * (found.image - self.photo), found.layers, found.torn)

    def groups(self, strengths: Mapping[Direction, float]) -> list[dict[Direction, float]]:
        """The moves of an edit by their kind, in the order in which they are made; at least one."""
        found: dict[str, dict[Direction, float]] = {}
        for direction, strength in strengths.items():
            if strength:
                found.setdefault(self._kind(direction, strength), {})[direction] = strength
        return [found[kind] for kind in KINDS if kind in found] or [{}]

    def going_on(self, photo: Images, before: Images, done: Mapping[Direction, float]) -> Carrier:
        """The carrier of what comes next: the photo as it was edited so far, beside the network's picture of that."""
        turned = any(self._kind(direction, strength) == TURNS for direction, strength in done.items())
        marks = None if turned else self._points
        return replace(self, photo=photo, before=before.detach().clamp(-1, 1), marks=marks)

    def _kind(self, direction: Direction, strength: float) -> str:
        """Of what one direction does; one and the same where one method carries everything."""
        attribute = str(direction.story.get("attribute", direction.name))
        return kind_of(attribute, strength) if apart(self.method) else MOVES

    def _method(self, strengths: Mapping[Direction, float]) -> Transfer:
        """The best for moves of one kind; for several at once the face's own."""
        kinds = {self._kind(direction, strength) for direction, strength in strengths.items() if strength}
        return best(kinds.pop() if len(kinds) == 1 else MOVES, self.method)

    def _landmarks(self, after: Images, method: Transfer) -> tuple[Tensor, Tensor] | None:
        """Of the network's two pictures, where the method reads them; None where no face is found in one of them."""
        if not (self.method.reads_landmarks or isinstance(method, TurnTransfer)):
            return None
        found = (self._drawn, _landmarks_of(after.detach()))
        return None if found[0] is None or found[1] is None else (found[0], found[1])

    @cached_property
    def _drawn(self) -> Tensor | None:
        """Landmarks [68 2] of the network's picture before."""
        return _landmarks_of(self.before)

    def _area(self, strengths: Mapping[Direction, float]) -> Tensor | None:
        regions = [direction.region for direction, strength in strengths.items() if strength]
        if not regions or not all(regions) or self._points is None:
            return None
        return region_mask("+".join(sorted(set("+".join(regions).split("+")))), self._points, SMALLEST)

    @cached_property
    def _points(self) -> Tensor | None:
        """The photo's landmarks [1 68 2] at 256 pixels."""
        if self.marks is not None:
            return self.marks
        found = _landmarks_of(self.exposure.stretched(fit_to(self.photo.cpu(), SMALLEST).clamp(-1, 1)))
        return None if found is None else found[None]


def _landmarks_of(images: Images) -> Tensor | None:
    """The 68 points [68 2] of one aligned face in its pixels; None where there is none, or nothing to find it with."""
    from latentlab.faces.landmarks import aligned_landmarks

    try:
        found = aligned_landmarks(images.clamp(-1, 1).cpu())
    except (MissingPart, ImportError):
        return None
    return found.points[0] if bool(found.found[0]) else None


def usual() -> str:
    """The transfer that `auto` takes: the learned one where it is at hand."""
    return "learned" if has_transfer() else "flow"


def choose(wanted: str, face: Face) -> str:
    """The transfer that a face gets: a face without a photo needs none, `auto` takes the learned one where it is at hand."""
    if wanted not in CHOICES:
        raise unknown("transfer", wanted, CHOICES)
    if wanted == "none" or face.photo is None:
        return "none"
    if wanted == "auto":
        return usual()
    return wanted


def carrier(name: str, face: Face) -> Carrier | None:
    """The photo of a face, ready to be edited by the transfer of this name; None for `none`."""
    if name == "none" or face.photo is None:
        return None
    most = FACTOR * face.image.shape[-1]
    own = own_size(face.photo, most).to(face.image)
    shrunk = own.shape[-1] < face.photo.face().shape[-1]
    return Carrier(
        TRANSFERS.build(name), own, face.image.detach().clamp(-1, 1), exposure=exposure_from(face.origin),
        cut=None if shrunk else own,
    )  # fmt: skip


def own_size(photo: Photo, most: int = LARGEST) -> Images:
    """The crop at the photo's resolution, 256 to 1024 pixels and no more than `most`."""
    from latentlab.faces.align import cut

    crop, aligned = photo.crop, photo.face()
    most = max(min(LARGEST, most), min(SMALLEST, aligned.shape[-1]))
    if crop is not None:
        size = max(min(most, 8 * round(crop.scale * crop.size / 8)), aligned.shape[-1])
        if size > aligned.shape[-1] and (picture := _whole(photo)) is not None:
            return cut(picture, crop.resized(size))
    return aligned if aligned.shape[-1] <= most else fit_to(aligned, most)


def put_back(photo: Photo, picture: Image, image: Images, cut: Images | None = None) -> Image:
    """The photo with its own pixels moved and tinted: nothing else needs to meet, and the mask is the whole square.

    `picture` is the whole photo, `image` the aligned face [1 3 s s] after the edit, `cut` the same before it, if known.
    """
    from latentlab.faces.mask import square_mask
    from latentlab.faces.paste import paste_back
    from latentlab.faces.whole import returned

    assert photo.crop is not None, "looked at before"
    before = cut if cut is not None and cut.shape == image.shape else None
    mask = square_mask(image.shape[-1])
    changed = paste_back(picture, image, photo.crop, mask, match=False, original=before)
    return returned(photo.source, picture, changed)


def _whole(photo: Photo) -> Image | None:
    try:
        return photo.picture()
    except LatentLabError:
        return None  # the aligned face is still there
