"""What can be done to a clip: the requests of stills, each with the class that does them to face after face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.registry import Registry
from latentlab.core.shapes import Images
from latentlab.studio.applications.sitter import Sitter
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients


class ClipJob(ABC):
    """One request, ready for the faces of one clip, in any order: what a frame shows depends on that frame alone."""

    asks: ClassVar[type]
    """The frozen dataclass that a still of this kind takes."""
    looks: ClassVar[int] = 0
    """How many frames, spread evenly over the clip, it wants to see before the first is drawn."""
    near: ClassVar[bool] = False
    """Whether the network's own picture is shown, so that the latents have to be as near as an encoder brings them."""

    @classmethod
    @abstractmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        """Raise for what cannot be done to any clip, before a frame is looked at; note what the request names."""

    @classmethod
    @abstractmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> ClipJob:
        """Get ready; what is solved once for a whole clip is solved on this face, one of its frames.

        `reference` is the face or photo that some requests take something from.
        """

    def settled(self, faces: Sequence[Face]) -> ClipJob:
        """The job that has seen `looks` frames of the clip; what it learned there holds for all of them."""
        return self

    @abstractmethod
    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        """The edited squares [1 3 s s], of the size of each face's aligned photo; moments run from 0 to 1 over the clip."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What tells the file from that of another request."""

    def notes(self) -> list[str]:
        """What the user should hear."""
        return []


JOBS: Registry[ClipJob] = Registry(
    "clip job",
    {
        "edit": "latentlab.studio.clips.edits:EditJob",
        "makeup": "latentlab.studio.clips.makeups:MakeupJob",
        "swap": "latentlab.studio.clips.swaps:SwapJob",
        "stylize": "latentlab.studio.clips.styles:StylizeJob",
        "frontalize": "latentlab.studio.clips.fronts:FrontalizeJob",
    },
)
"""By the command that does it to stills; another application is a line here and a file beside `edits.py`."""


def job_for(request: object) -> str:
    """The job that a request asks for."""
    for name in JOBS:
        if JOBS[name].asks is type(request):
            return name
    raise BadInput(f"{type(request).__name__} cannot be done to a clip; these can: {', '.join(JOBS)}")


def sitter_of(face: Face) -> Sitter:
    """A frame's face as applications take it."""
    photo = face.photo
    assert photo is not None and photo.crop is not None, "every face of a clip has one"
    marks = photo.crop.aligned_landmarks
    assert marks is not None, "every crop of a clip has its landmarks"
    return Sitter(face.name, photo.face(), marks, photo, face)
