"""Identities exchanged in a clip: every frame's face is the target, the reference is whose identity it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.shapes import Images
from latentlab.studio.applications.person import load_person
from latentlab.studio.applications.sitter import Choice
from latentlab.studio.applications.swap import OpenSwap, Swap, open_swap
from latentlab.studio.clips.jobs import ClipJob, sitter_of
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True, eq=False)
class SwapJob(ClipJob):
    """A `Swap` as stills know it."""

    asks: ClassVar[type] = Swap
    opened: OpenSwap

    @classmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        load_person(studio)
        if reference is None and given.pinned is None:
            raise BadInput("whose identity? name a photo, or a face of the lab, as `reference`")

    @classmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> SwapJob:
        wanted = replace(request, choice=Choice(), mask=False)
        opened = open_swap(studio, wanted, reference, face, given)
        return cls(replace(opened, moved=opened.movement()))  # read off every frame anew, it would tremble

    @property
    def label(self) -> str:
        return f"as_{self.opened.source.name}"

    def notes(self) -> list[str]:
        return self.opened.notes()

    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        return [replace(self.opened, face=sitter_of(face)).exchanged.image for face in faces]
