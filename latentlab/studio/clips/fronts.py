"""Heads of a clip brought to the front: the closed loop's correction is one line over yaw, the same for all frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.shapes import Images
from latentlab.scorers.pose import fit_pose
from latentlab.studio.applications.frontalize import FAR, Frontalize, OpenFrontalize
from latentlab.studio.applications.sitter import Choice, Sitter
from latentlab.studio.clips.jobs import ClipJob, sitter_of
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients

DOUBT = 6.0
"""Degrees: heads that turn less say little about how the correction grows with yaw."""


@dataclass(frozen=True, eq=False)
class FrontalizeJob(ClipJob):
    """A `Frontalize` as stills know it, always back in the frame.

    A frame's landmarks are steady already. The loop is not: read off every frame anew, its last degrees would tremble.
    """

    asks: ClassVar[type] = Frontalize
    looks: ClassVar[int] = 9
    opened: OpenFrontalize
    slope: float = 0.0
    """Degrees of correction for each degree of yaw."""
    yaws: tuple[float, ...] = ()
    """Of the frames that were looked at, in degrees."""

    @classmethod
    def check(cls, studio: Lab, request: Any, given: Ingredients, reference: Source = None) -> None:
        if reference is not None:
            raise BadInput("a head is turned to the front without a reference; leave it out")

    @classmethod
    def open(
        cls, studio: Lab, request: Any, face: Face, given: Ingredients, reference: Source = None
    ) -> FrontalizeJob:
        wanted = replace(request, choice=Choice(), paste_back=True)
        return cls(OpenFrontalize(studio, wanted, sitter_of(face), given))

    def settled(self, faces: Sequence[Face]) -> FrontalizeJob:
        seen = [replace(self.opened, face=sitter_of(face)) for face in faces]
        yaws = torch.tensor([_yaw(one.face) for one in seen])
        extra = torch.tensor([one.correction() for one in seen])
        slope = (extra * yaws).sum() / (yaws.square().sum() + len(seen) * DOUBT**2)
        return replace(self, slope=float(slope), yaws=tuple(yaws.tolist()))

    @property
    def label(self) -> str:
        return "frontal"

    def notes(self) -> list[str]:
        if not self.yaws:
            return []
        low, high = min(self.yaws), max(self.yaws)
        lines = [f"yaw {low:+.0f}° to {high:+.0f}° brought to 0"]
        if max(-low, high) > FAR:
            lines.append("the head is turned far: most of one side is the mirror image of the other")
        return lines

    def draw(self, faces: Sequence[Face], moments: Sequence[float]) -> list[Images]:
        return [self._front(sitter_of(face)) for face in faces]

    def _front(self, sitter: Sitter) -> Images:
        return replace(self.opened, face=sitter, extra=self.slope * _yaw(sitter)).image


def _yaw(sitter: Sitter) -> float:
    return float(fit_pose(sitter.landmarks[None].double()).yaw[0])
