"""Faces of a clip drawn in a style: the style's network draws every frame's steady latent, or a filter its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.shapes import Images
from latentlab.studio.applications.sitter import Choice
from latentlab.studio.applications.stylize import OpenStylize, Stylize, open_stylize
from latentlab.studio.clips.jobs import ClipJob, sitter_of
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True, eq=False)
class StylizeJob(ClipJob):
    """A `Stylize` as stills know it, always back in the frame."""

    asks: ClassVar[type] = Stylize
    near: ClassVar[bool] = True
    opened: OpenStylize

    @classmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        if reference is not None:
            raise BadInput("a style is named, not taken from a reference: latentlab style add NAME PICTURE")
        given.style(request.style)
        for name in sorted(request.directions):
            given.direction(name)

    @classmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> StylizeJob:
        wanted = replace(request, choice=Choice(), paste_back=True)
        return cls(open_stylize(studio, wanted, face, given))

    @property
    def label(self) -> str:
        return self.opened.style.name

    def notes(self) -> list[str]:
        return self.opened.notes()

    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        return [replace(self.opened, face=sitter_of(face)).image() for face in faces]
