"""Applications on photos (a style, a swap) to each photo of a batch: inverted many at a time, drawn one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.face import Face
from latentlab.core.inversion import Inversion
from latentlab.inversion.refine import Refine
from latentlab.studio.applications.stylize import Stylize, open_stylize
from latentlab.studio.applications.swap import Swap, open_swap
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.faces import check_choice, face_of
from latentlab.studio.batch.tasks.invert import Inverters, check_request, quick
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import find_face
from latentlab.studio.portraits.request import Invert


def thrice() -> Invert:
    """A drawing shows the latent and nothing of the photo's pixels, so it is worth three passes."""
    return Invert(Refine(passes=3), keep=False)


@dataclass(frozen=True)
class StylizePhotos(Task):
    """Every face in a style."""

    request: Stylize = field(default_factory=Stylize)
    invert: Invert = field(default_factory=thrice)
    look: Look = field(default_factory=Look)

    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_request(self.invert)
        check_choice(self.request.choice)

    def open(self, studio: Lab) -> OpenTask:
        open_stylize(studio, self.request, _nobody(studio))  # an unknown style is told before the first photo
        return Applying(Inverters(studio, self.invert), lambda face: open_stylize(studio, self.request, face))


@dataclass(frozen=True)
class SwapPhotos(Task):
    """Every face with the identity of one source."""

    source: str = ""
    """Whose identity: a photo, or a face of the lab."""
    request: Swap = field(default_factory=Swap)
    invert: Invert = field(default_factory=quick)
    look: Look = field(default_factory=Look)

    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_request(self.invert)
        check_choice(self.request.choice)
        if not self.source:
            raise BadInput("whose identity? name a photo, or a face of the lab, with `source`")

    def open(self, studio: Lab) -> OpenTask:
        source = find_face(studio, self.source)
        return Applying(
            Inverters(studio, self.invert), lambda face: open_swap(studio, self.request, source, face), {"source": source.hash}
        )  # fmt: skip


def _nobody(studio: Lab) -> Face:
    """The average face."""
    from dataclasses import replace

    from latentlab.studio.pictures.generate import Generate
    from latentlab.studio.pictures.rendering import Rendering
    from latentlab.studio.portraits.samples import sample

    return replace(sample(studio, Generate((0,), rendering=Rendering(0.0))), name="average")


@dataclass(frozen=True, eq=False)
class Applying(OpenTask):
    inverters: Inverters
    open_one: Callable[[Face], Any]
    named: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.inverters.parts, "loaded before the first item"

    @property
    def size(self) -> int:
        return self.inverters.size

    def ingredients(self) -> dict[str, object]:
        return dict(self.named)

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        found = self.inverters.invert(items)
        return [
            one if isinstance(one, LatentLabError) else self._one(item, one)
            for item, one in zip(items, found, strict=True)
        ]

    def _one(self, item: Item, inversion: Inversion) -> Outcome:
        try:
            *_, picture = self.open_one(face_of(self.inverters, item, inversion)).draw()
        except LatentLabError as error:
            return error
        measures = {name: float(value[0]) for name, value in inversion.measures.items()}
        crop = None if item.found is None else item.found.crop.to_json()
        return Made(measures, inversion.latent, Drawn(picture.image, picture.recipe, picture.source), crop)
