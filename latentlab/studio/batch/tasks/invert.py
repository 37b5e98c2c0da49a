"""Photos to latents, many in one call where the method allows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.exposure import exposure_of
from latentlab.core.inversion import Inversion
from latentlab.core.shapes import Images
from latentlab.inversion.auto import Auto
from latentlab.inversion.encode import Encode
from latentlab.inversion.inverter import Given
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.bench import SMALLEST_ALIGNED, Bench, row_of
from latentlab.studio.portraits.photo_story import identity_measures
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.companions import Companions, companions

ALONE = ("name", "start", "mask", "together")
"""What belongs to one photo."""


def quick() -> Invert:
    """One pass of the encoder."""
    return Invert(Encode(), keep=False)


@dataclass(frozen=True)
class InvertPhotos(Task):
    """The latent of each face, and the network's picture of it."""

    request: Invert = field(default_factory=quick)
    look: Look = field(default_factory=Look)
    measured: bool = False
    """Measure every inversion as a single one is (perceptual distance, identity, editability)."""

    def __post_init__(self) -> None:
        check_request(self.request)
        if type(self.request.method).__name__ in ("PivotalTuning", "Auto"):
            raise BadInput(
                "a row holds a latent, and this method also changes the network for each face; use `method` encode, "
                "refine or descend, or invert these photos one by one: latentlab invert"
            )

    def place(self, studio: Lab) -> Lab:
        return studio.for_photographs

    def open(self, studio: Lab) -> OpenTask:
        return Inverting(studio, Inverters(studio, self.request, measured=self.measured))


def check_request(request: Invert) -> None:
    """BadInput for what only one photo can have."""
    for name in ALONE:
        if getattr(request, name):
            raise BadInput(f"`{name}` belongs to one photo; leave it out of a batch")


@dataclass(eq=False)
class Inverters:
    """A method and what it works with, for many faces."""

    studio: Lab
    request: Invert
    measured: bool = False

    @cached_property
    def parts(self) -> Companions:
        """Without the perceptual distance where nobody asks for it."""
        plain = self.request.method.batched and not self.measured
        return companions(self.studio, self.request.encoder, "none" if plain else self.request.distance)

    @property
    def size(self) -> int:
        """Of the aligned faces."""
        return max(SMALLEST_ALIGNED, self.studio.generator.resolution)

    @cached_property
    def bench(self) -> Bench:
        """Tells the story of an inversion as a single one is told."""
        return Bench(self.studio, replace(self.request, keep=False), self.parts, 1, self.studio.tell(None))

    def invert(self, items: Sequence[Item]) -> list[Inversion | LatentLabError]:
        """One inversion for each item, in a usual exposure; in one call where the method is `batched`."""
        faces = [exposure_of(item.image).stretched(item.image) for item in items if item.image is not None]
        if self.request.method.batched:
            whole = self._run(torch.cat([_square(face, self.size) for face in faces]))
            return [row_of(whole, row) for row in range(len(items))]
        found: list[Inversion | LatentLabError] = []
        for face in faces:
            try:
                found.append(self._run(face))
            except LatentLabError as error:
                found.append(error)
        return found

    def _run(self, faces: Images) -> Inversion:
        generator, method, parts = self.studio.generator, self.request.method, self.parts
        faces = faces.to(generator.device)
        given = Given(
            encoder=parts.encoder, distance=parts.distance, seed=self.studio.seed,
            measured=self.measured,
        )  # fmt: skip
        if isinstance(method, Auto):
            return method.run(method.choose(generator, faces, given), generator, faces, given)
        return method.invert(generator, faces, given)


def _square(face: Images, size: int) -> Images:
    """Aligned faces of any size as one batch."""
    from latentlab.inversion.resize import resize

    return face if face.shape[-1] == size else resize(face, size)


@dataclass(frozen=True, eq=False)
class Inverting(OpenTask):
    studio: Lab
    inverters: Inverters

    def __post_init__(self) -> None:
        assert self.inverters.parts, "loaded before the first item"

    @property
    def size(self) -> int:
        return self.inverters.size

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        found = self.inverters.invert(items)
        return [
            one if isinstance(one, LatentLabError) else self._made(item, one)
            for item, one in zip(items, found, strict=True)
        ]

    def _made(self, item: Item, inversion: Inversion) -> Made:
        assert item.image is not None, "a photo that was looked at"
        exposure = exposure_of(item.image)
        measures = {name: float(value[0]) for name, value in inversion.measures.items()}
        if self.inverters.measured:
            told = identity_measures(exposure.stretched(item.image), inversion.image)
            measures |= {name: float(value[0]) for name, value in told.items()}
        crop = None if item.found is None else item.found.crop.to_json()
        story = self._story | {"photo": {"id": item.id, "hash": item.hash}}
        return Made(measures, inversion.latent, Drawn(exposure.restored(inversion.image)[0], story), crop)

    @cached_property
    def _story(self) -> dict[str, object]:
        return recipe(self.studio, "batch invert", replace(self.inverters.request, encoder=None))
