"""Applications that need no latent (makeup, a turn to the front), done to the face of each photo of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from latentlab.core.errors import LatentLabError
from latentlab.editing.transfer.transfer import LARGEST
from latentlab.store.home import safe_name
from latentlab.studio.applications.frontalize import Frontalize
from latentlab.studio.applications.makeup import Makeup
from latentlab.studio.applications.sitter import Sitter, landmarks_of, seated
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.carry import SMALLEST
from latentlab.studio.recipes.ingredients import Ingredients

Request = TypeVar("Request", Makeup, Frontalize)


@dataclass(frozen=True, eq=False)
class Seated(OpenTask):
    """One face after another, each at its photo's own resolution."""

    studio: Lab
    look: Look
    open_one: Callable[[Sitter, Ingredients], Any]
    measure: Callable[[Any], Mapping[str, float]]
    noted: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What all of them share, for their recipes."""

    @property
    def size(self) -> int:
        """A face that is not aligned yet is cut out again at its own resolution."""
        return LARGEST if self.look.aligned else SMALLEST

    def ingredients(self) -> dict[str, object]:
        return dict(self.noted)

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Outcome:
        photo = {"face": {"name": safe_name(Path(item.id).name), "hash": item.hash}}
        noted = {kind: dict(found) for kind, found in self.noted.items()}
        given = Ingredients(self.studio, noted={**noted, "photos": {**noted.get("photos", {}), **photo}})
        try:
            opened = self.open_one(sitter_of(item), given)
            *_, picture = opened.draw()
        except LatentLabError as error:
            return error
        crop = None if item.found is None else item.found.crop.to_json()
        return Made(self.measure(opened), None, Drawn(picture.image, picture.recipe, picture.source), crop)


def sitter_of(item: Item) -> Sitter:
    """The face of an item, looked at; NoFace where an aligned photo shows none."""
    assert item.image is not None, "a photo that was looked at"
    name = safe_name(Path(item.id).name)
    if item.found is not None:
        return seated(item.found, item.found.picture, name)
    return Sitter(name, item.image, landmarks_of(item.image, name), None, None)


def as_single(request: Request, look: Look) -> Request:
    """The request that makes one of the pictures: which face is meant is said by it, not by a look."""
    return replace(request, choice=replace(request.choice, face=look.face, profile=look.profile))
