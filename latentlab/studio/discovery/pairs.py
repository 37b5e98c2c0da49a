"""Pairs of latents for methods that learn from pictures: photos before and after, two groups, or renders of the face world
that differ in one factor alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingPart, unknown
from latentlab.core.face import Face as InMemory
from latentlab.core.latent import Latent, Space
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import find_face
from latentlab.studio.reports.measure import PICTURES

if TYPE_CHECKING:
    from latentlab.core.pairs import LatentPairs, Truth
    from latentlab.world.factors import Face

RENDER_SEED = 970_001
"""Faces of this seed teach pairs; no benchmark judges with them."""
BATCH = 8
LARGEST = 256
"""Side of the pictures in which a change is looked at."""


@dataclass(frozen=True)
class Counterfactual:
    """`age=20`: the same faces twice, twenty years apart, each half on either side of what the face was."""

    factor: str
    change: float

    @classmethod
    def parse(cls, text: str) -> Counterfactual:
        """FACTOR=CHANGE, checked against the factors of a face that are one number, and glasses."""
        name, equals, value = text.partition("=")
        known = numbers()
        if name not in known:
            raise unknown("factor of a face", name, known)
        try:
            change = float(value) if equals else known[name]
        except ValueError:
            raise BadInput(f"'{text}' has no number after '='; write for example age=20") from None
        if not change or abs(change) > known[name] * 2:
            raise BadInput(
                f"a change of {change:g} in '{name}' cannot be rendered; at most {known[name] * 2:g}"
            )
        return cls(name, change)

    def pair(self, face: Face) -> tuple[Face, Face]:
        """The face before and after."""
        from latentlab.world.factors import factors

        if self.factor == "glasses":
            worn = face.glasses if face.glasses != "none" else "round"
            without, wearing = replace(face, glasses="none"), replace(face, glasses=worn)
            return (without, wearing) if self.change > 0 else (wearing, without)
        (factor,) = (one for one in factors() if one.name == self.factor)
        half, value = self.change / 2, getattr(face, self.factor)
        low, high = factor.low + abs(half), factor.high - abs(half)
        middle = min(max(value, low), high)
        return (
            replace(face, **{self.factor: middle - half}),
            replace(face, **{self.factor: middle + half}),
        )

    @property
    def unit(self) -> str:
        """What the change is measured in."""
        from latentlab.world.factors import factors

        if self.factor == "glasses":
            return "share"
        return next(one.unit.partition(",")[0] for one in factors() if one.name == self.factor)


def numbers() -> dict[str, float]:
    """Factors that can be changed, with half of their range: what a change without a number means."""
    from latentlab.world.factors import factors

    found = {one.name: (one.high - one.low) / 2 for one in factors() if one.size == 1 and not one.names}
    return found | {"glasses": 1.0}


def rendered_pairs(
    studio: Lab, wanted: Counterfactual, count: int, watch: Watch | None = None, first: int = 0
) -> LatentPairs:
    """Faces of the natural law rendered before and after the change, and brought home by the encoder."""
    from latentlab.core.pairs import LatentPairs
    from latentlab.world.laws import draw_faces

    if count < 1:
        raise BadInput(f"{count} pairs are none; ask for some: `pairs` 32")
    tell = studio.tell(watch)
    both = [wanted.pair(face) for face in draw_faces(count, "natural", RENDER_SEED, first)]
    sides = []
    for place, faces in enumerate(zip(*both, strict=True)):
        sides.append(_brought_home(studio, _rendered(studio, faces), lambda done, p=place: tell((p + done) / 2, "inverting")))  # fmt: skip
    before, after = sides
    return LatentPairs(before, after)


def _rendered(studio: Lab, faces: Sequence[Face]) -> Iterator[Images]:
    from latentlab.world.render import load_renderer

    renderer, size = load_renderer(device=str(studio.place)), max(studio.generator.resolution, 128)
    for start in range(0, len(faces), BATCH):
        yield renderer.render(list(faces[start : start + BATCH]), size).images


def _brought_home(studio: Lab, batches: Iterator[Images], tell) -> Latent:
    """W+ of aligned faces: one pass of the encoder, or a short descent where the network has none."""

    from latentlab.inversion.descend import Descend
    from latentlab.inversion.encode import Encode
    from latentlab.inversion.inverter import Given
    from latentlab.studio.shelf.companions import companions

    parts = companions(studio)
    given = Given(encoder=parts.encoder, distance=parts.distance)
    method = Encode() if parts.encoder is not None else Descend(Space.W_PLUS, steps=40)
    values: list[torch.Tensor] = []
    for number, images in enumerate(batches, start=1):
        latent = method.invert(studio.generator, images.to(studio.place), given).latent
        values.append(studio.generator.lift(latent, Space.W_PLUS).values.detach())
        tell(1 - 1 / (1 + number))
    return Latent(Space.W_PLUS, torch.cat(values))


def photo_pairs(studio: Lab, before: Sequence[Path | str], after: Sequence[Path | str]) -> LatentPairs:
    """Photos, folders of photos, or inversions of the lab by name."""
    from latentlab.core.pairs import LatentPairs

    if not before or not after:
        raise MissingPart(
            "this method learns from pictures before and after; give `before` and `after` (photos, folders, or names "
            "of inversions), or `renders` age=20"
        )
    one, two = opened(before), opened(after)
    together = len(one) == len(two)
    first, second = _brought(studio, one, strict=together), _brought(studio, two, strict=together)
    truth = _truth(first, second) if together else None
    return LatentPairs(_latents(studio, first), _latents(studio, second), truth)


def _truth(before: Sequence[InMemory], after: Sequence[InMemory]) -> Truth:
    """The aligned photos themselves, a step apart; the pivot of the first goes with each pair."""
    from latentlab.core.pairs import Truth
    from latentlab.inversion.resize import resize

    size = min(before[0].image.shape[-1], LARGEST)
    one, two = (torch.cat([resize(_aligned(face), size) for face in side]) for side in (before, after))
    pivots = tuple(face.pivot for face in before)
    return Truth(one, two, torch.ones(len(one)), torch.arange(len(one)), pivots)


def _aligned(face: InMemory) -> Images:
    """The photo; a face that no photo shows is its own truth."""
    return face.image if face.photo is None else face.photo.face()


def opened(items: Sequence[Path | str]) -> list[Path | str]:
    """Folders replaced by the pictures in them, by name."""
    from latentlab.inversion.saved import LATENT

    found: list[Path | str] = []
    for item in items:
        path = Path(item)
        if not path.is_dir() or (path / LATENT).is_file():
            found.append(item)
            continue
        pictures = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
        if not pictures:
            raise BadFile(f"{path} holds no pictures ({', '.join(PICTURES)}); name another folder, or photos")
        found += pictures
    return found


def _brought(studio: Lab, items: Sequence[Path | str], *, strict: bool) -> list[InMemory]:
    """Each brought home; a photo that fails is left out with a note, unless every one has a partner (`strict`)."""

    found = []
    for item in items:
        try:
            found.append(find_face(studio, item))
        except LatentLabError as error:
            if strict:
                raise
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not found:
        raise BadInput("none of the photos of one side could be inverted; see the notes above")
    return found


def _latents(studio: Lab, faces: Sequence[InMemory]) -> Latent:
    """W+ of each."""
    values = [studio.generator.lift(face.latent, Space.W_PLUS).values for face in faces]
    return Latent(Space.W_PLUS, torch.cat(values))
