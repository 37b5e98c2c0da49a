"""Photos to edited photos: inverted and drawn many at a time, each carried to its own photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Latent
from latentlab.core.noise import NoiseMode
from latentlab.core.shapes import Images
from latentlab.editing.apply import apply
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.faces import face_of
from latentlab.studio.batch.tasks.invert import Inverters, check_request, quick
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.precision import expect_fixed, render
from latentlab.studio.portraits.edit import Edit, OpenEdit, open_edit
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.shelf import directions


@dataclass(frozen=True)
class EditPhotos(Task):
    """The same edit of every photo."""

    request: Edit = field(default_factory=Edit)
    invert: Invert = field(default_factory=quick)
    """How each photo is inverted first."""
    look: Look = field(default_factory=Look)

    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_request(self.invert)
        if self.request.sweeps:
            raise BadInput("a batch makes one picture of each photo; give a strength or a goal, no sweep")
        expect_fixed(self.request.precision)
        if isinstance(self.request.mask, Path):
            raise BadInput(
                "a mask picture belongs to one photo; name a region: mouth, eyes, brows, nose, jaw, cheeks, face"
            )
        if self.request.paste_back and self.look.aligned:
            raise BadInput(
                "aligned faces have no photo to be put back into; leave `paste_back` or `aligned` out"
            )

    def place(self, studio: Lab) -> Lab:
        return studio.for_photographs

    def open(self, studio: Lab) -> OpenTask:
        return Editing(studio, self.request, Inverters(studio, self.invert), Known(studio, self.request))


class Known:
    """Directions of a request, found once."""

    def __init__(self, studio: Lab, request: Edit) -> None:
        names = {*request.keep, *request.directions, *request.goals}
        self.directions = {name: directions.find_direction(studio, name) for name in sorted(names)}
        self.told = {name: directions.identity(found) for name, found in self.directions.items()}


@dataclass(eq=False)
class Remembering(Ingredients):
    """Ingredients of one photo that read no direction again."""

    known: Known | None = None

    def direction(self, name: str) -> Direction:
        assert self.known is not None, "given when it is made"
        found = self.known.directions[name]
        self._note("directions", found.name, self.known.told[name]["hash"])
        return found


@dataclass(frozen=True, eq=False)
class Editing(OpenTask):
    studio: Lab
    request: Edit
    inverters: Inverters
    known: Known

    def __post_init__(self) -> None:
        assert self.inverters.parts, "loaded before the first item"

    @property
    def size(self) -> int:
        return self.inverters.size

    def ingredients(self) -> dict[str, object]:
        return {name: told["hash"] for name, told in self.known.told.items()}

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        found: list[Outcome | tuple[Inversion, OpenEdit]] = []
        for item, inversion in zip(items, self.inverters.invert(items), strict=True):
            if isinstance(inversion, LatentLabError):
                found.append(inversion)
                continue
            try:
                found.append((inversion, self._open(item, inversion)))
            except LatentLabError as error:
                found.append(error)
        drawn = iter(self._drawn([each[1] for each in found if isinstance(each, tuple)]))
        return [
            self._made(item, *each, next(drawn)) if isinstance(each, tuple) else each
            for item, each in zip(items, found, strict=True)
        ]

    def _open(self, item: Item, inversion: Inversion) -> OpenEdit:
        given: Any = Remembering(self.studio, known=self.known)
        return open_edit(self.studio, self.request, face_of(self.inverters, item, inversion), given=given)

    @torch.no_grad()
    def _drawn(self, opened: Sequence[OpenEdit]) -> list[Images | None]:
        """The network's pictures of all edits at once, where all are of one kind."""
        request, generator = self.request, self.studio.generator
        if request.goals or not opened or not all(map(_is_plain, opened)):
            return [None] * len(opened)
        first = opened[0]
        strengths = {first.directions[name]: value for name, value in request.directions.items()}
        values: Tensor = torch.cat([one.piece.base.values for one in opened])
        after = apply(generator, Latent(first.piece.base.space, values), strengths, request.layers)
        return list(render(generator, after, precision=first.piece.request.precision).split(1))

    def _made(self, item: Item, inversion: Inversion, opened: OpenEdit, image: Images | None) -> Outcome:
        try:
            if image is None:
                *_, picture = opened.draw()
            else:
                moves = {opened.directions[name]: value for name, value in self.request.directions.items()}
                picture = opened.piece.picture(moves, image)
        except LatentLabError as error:
            return error
        measures = {name: float(value[0]) for name, value in inversion.measures.items()}
        if opened.reached is not None:
            measures |= {f"strength.{name}": value for name, value in opened.reached.strengths.items()}
        crop = None if item.found is None else item.found.crop.to_json()
        return Made(measures, inversion.latent, Drawn(picture.image, picture.recipe, picture.source), crop)


def _is_plain(opened: OpenEdit) -> bool:
    """Whether the network draws it as it draws its neighbours: nothing but the latent is its own."""
    piece = opened.piece
    own = piece.pivot is not None or piece.mask is not None or piece.base.correction is not None
    return not own and piece.noise.mode is NoiseMode.CONST and not piece.noise.maps
