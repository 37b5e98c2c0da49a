"""A turned head brought to the front, at the photo's resolution: `studio.frontalize("photo.jpg")`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch

from latentlab.core.errors import NoFace
from latentlab.core.ranges import check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.editing.geometry.frontal import Frontal, Turned, far_side_seen
from latentlab.scorers.pose import fit_pose
from latentlab.studio.applications.sitter import Choice, Sitter, find_sitter
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe

CLOSE = 1.5
"""Degrees that may remain."""
ROUNDS = 3
FAR = 40.0
"""Beyond so many degrees most of one side is a mirror image; said in one line."""

TURNED, SEEN = 15.0, 0.25
"""Heads that turn more are refused where less of their far side shows skin: there the detector's points lie beside the face."""


@dataclass(frozen=True)
class Frontalize:
    """How it is handed back."""

    paste_back: bool = False
    """Put the turned head back into its photo, in the photo's own tilt."""
    choice: Choice = field(default_factory=Choice, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)


@dataclass(eq=False)
class OpenFrontalize:
    """A head that can be turned."""

    studio: Lab
    request: Frontalize
    face: Sitter
    given: Ingredients
    extra: float | None = None
    """Degrees of yaw beyond those that the points say, where they are known; else the closed loop finds them."""

    def draw(self, watch: Watch | None = None) -> Iterator[Picture]:
        """The one picture."""
        told = recipe(self.studio, "frontalize", self.request, self.given.noted)
        name = f"{self.face.name}_frontal"
        yield self.face.picture(self.image, name, told, aligned=not self.request.paste_back)

    @cached_property
    @torch.no_grad()
    def image(self) -> Images:
        """The aligned face [1 3 s s] from the front."""
        return Frontal().turn(self.face.image, self.turned)

    @cached_property
    def turned(self) -> Turned:
        """Where the points are, and where they belong."""
        return self._points(self.correction() if self.extra is None else self.extra)

    def correction(self) -> float:
        """The closed loop: turned, looked at by the detector of landmarks, and turned again by what was left."""
        from latentlab.faces.landmarks import aligned_landmarks

        best, extra, least = 0.0, 0.0, float("inf")
        for _ in range(ROUNDS):
            seen = aligned_landmarks(Frontal().turn(self.face.image, self._points(extra)))
            left = float(fit_pose(seen.points.double()).yaw[0])
            if abs(left) >= least:
                break
            best, least = extra, abs(left)
            extra += left
            if least < CLOSE:
                break
        return best

    def _points(self, extra: float) -> Turned:
        return Frontal().points(self.face.landmarks, self.face.image.shape[-1], extra)

    def notes(self) -> list[str]:
        """What the user should hear."""
        pose = self.turned.pose
        yaw, pitch = float(pose.yaw[0]), float(pose.pitch[0])
        lines = [*self.face.notes, f"yaw {yaw:+.0f}° and pitch {pitch:+.0f}° brought to 0"]
        if abs(yaw) > FAR:
            lines.append("the head is turned far: most of one side is the mirror image of the other")
        return lines


def open_frontalize(
    studio: Lab, request: Frontalize, source: Source | Sitter = None, given: Ingredients | None = None
) -> OpenFrontalize:
    """Find the face; NoFace where there is none, two and no choice, or only a profile."""
    given = given or Ingredients(studio)
    face = find_sitter(given, "face", source, request.choice)
    face = replace(face, image=face.image.cpu().float())
    yaw = float(fit_pose(face.landmarks[None].double()).yaw[0])
    if abs(yaw) > TURNED and far_side_seen(face.image, face.landmarks) < SEEN:
        raise NoFace(
            f"the face of '{face.name}' is turned too far, or its far side is covered: hardly any of it shows skin; "
            "use a photo that shows both eyes"
        )
    return OpenFrontalize(studio, request, face, given)
