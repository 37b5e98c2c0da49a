"""Makeup on the faces of a clip: the change of colours is found once, and painted along every frame's own landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from latentlab.core.face import Face
from latentlab.core.shapes import Images
from latentlab.editing.makeup.paint import paint
from latentlab.studio.applications.makeup import Makeup, OpenMakeup, find_reference, open_makeup
from latentlab.studio.applications.sitter import Choice
from latentlab.studio.clips.jobs import ClipJob
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True, eq=False)
class MakeupJob(ClipJob):
    """A `Makeup` as stills know it; which face is said by the clip's request."""

    asks: ClassVar[type] = Makeup
    opened: OpenMakeup
    changes: Mapping[str, np.ndarray]

    @classmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        if reference is not None:
            find_reference(given, reference)

    @classmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> MakeupJob:
        opened = open_makeup(studio, replace(request, choice=Choice()), face, reference, given)
        return cls(opened, opened.changes())

    @property
    def label(self) -> str:
        what = "bare" if self.opened.request.remove else "makeup"
        return what if self.opened.reference is None else f"{what}_{self.opened.reference.name}"

    def notes(self) -> list[str]:
        return self.opened.notes()

    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        return [self._painted(face) for face in faces]

    def _painted(self, face: Face) -> Images:
        photo = face.photo
        assert photo is not None and photo.crop is not None, "every face of a clip has one"
        marks = photo.crop.aligned_landmarks
        assert marks is not None, "every crop of a clip has its landmarks"
        return paint(photo.face(), marks, self.changes)
