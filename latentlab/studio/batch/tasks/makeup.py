"""Photos to photos with other makeup: a reference's, a colour for a region, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from latentlab.studio.applications.makeup import (
    Makeup,
    OpenMakeup,
    expect_makeup,
    find_reference,
    open_makeup,
)
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.faces import check_choice
from latentlab.studio.batch.tasks.seated import Seated, as_single
from latentlab.studio.batch.tasks.task import OpenTask, Task
from latentlab.studio.lab import Lab
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True)
class MakeupPhotos(Task):
    """The same makeup on every face."""

    reference: str = ""
    """Whose makeup: a photo, or a face of the lab; not needed for colours or `remove`."""
    request: Makeup = field(default_factory=Makeup)
    look: Look = field(default_factory=Look)

    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_choice(self.request.choice)
        expect_makeup(self.request, worn=bool(self.reference))

    def open(self, studio: Lab) -> OpenTask:
        given = Ingredients(studio)
        theirs = find_reference(given, self.reference) if self.reference else None
        request = as_single(self.request, self.look)
        return Seated(
            studio, self.look, lambda face, own: open_makeup(studio, request, face, theirs, own), left_out, given.noted
        )  # fmt: skip


def left_out(opened: OpenMakeup) -> Mapping[str, float]:
    """How many regions nothing was done to (dark glasses hide the eyes)."""
    return {"regions left out": float(len(opened.left_out))}
