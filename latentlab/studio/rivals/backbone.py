"""The backbone in the benchmark: encoded, moved along the library's directions, carried to the picture as edits of photos are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError
from latentlab.core.latent import Latent
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.editing.apply import apply
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene
from latentlab.networks.transfer import has_transfer
from latentlab.studio.lab import Lab
from latentlab.studio.rivals.cases import Cases
from latentlab.studio.rivals.contestant import Contestant
from latentlab.world.tasks import SMILE, YEARS

if TYPE_CHECKING:
    from latentlab.inversion.inverter import Given

DIRECTIONS = {"older": "age", "younger": "age", "smile": "smile", "neutral": "smile", "frontal": "yaw"}
"""The direction that does a task."""


class Backbone(Contestant):
    """StyleGAN's edit: the change that was asked for, in steps of the direction."""

    title = "latent direction on our StyleGAN2, encoded in one pass, within its span, carried to the photo"

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.parameters = sum(p.numel() for p in lab.generator.parameters())
        self._transfer = TRANSFERS.build("learned" if has_transfer() else "flow")

    def can(self, task: str) -> bool:
        if task not in DIRECTIONS:
            return False
        try:
            self._direction(task)
        except LatentLabError:
            return False
        return True

    @torch.no_grad()
    def edit(self, cases: Cases) -> Images:
        generator, direction = self.lab.generator, self._direction(cases.task)
        change = CHANGES[cases.task](cases) / direction.step
        low, high = direction.on_photos.span or (-4.0, 4.0)
        answers = []
        for number in range(len(cases)):
            face = cases.before[number : number + 1].to(self.lab.place)
            latent, pivot = self._inverted(face)
            strength = min(max(float(change[number]), low), high)
            before, after = (
                generator.render(one, pivot=pivot).clamp(-1, 1)
                for one in (latent, apply(generator, latent, {direction: strength}))
            )
            scene = Scene(face, before, after)
            answers.append(self._transfer.carry(scene).image.clamp(-1, 1).cpu())
        return torch.cat(answers)

    def _inverted(self, face: Images) -> tuple[Latent, Pivot | None]:
        from latentlab.inversion.encode import encode, need_encoder

        encoder = need_encoder(self._given, method="encode")
        return encode(encoder, self.lab.generator, face), None

    @cached_property
    def _given(self) -> Given:
        from latentlab.inversion.inverter import Given
        from latentlab.studio.shelf.companions import find_distance, find_encoder

        return Given(encoder=find_encoder(self.lab), distance=find_distance(self.lab), measured=False)

    def _direction(self, task: str) -> Direction:
        from latentlab.studio.shelf.directions import find_direction

        return find_direction(self.lab, DIRECTIONS[task])


class Pivoted(Backbone):
    """The same edit of a generator that is tuned to each face first: some ten seconds a face, so only where it is asked for."""

    title = "the same, the generator tuned to each face (pivotal tuning)"
    slow = True

    def _inverted(self, face: Images) -> tuple[Latent, Pivot | None]:
        from latentlab.inversion.pivot import PivotalTuning

        with torch.enable_grad():
            found = PivotalTuning().invert(self.lab.generator, face, self._given)
        return found.latent, found.pivot


def _turn(cases: Cases) -> Tensor:
    """Back to the front, as far as the landmarks say that a face is turned; 0 where none are seen."""
    from latentlab.scorers.geometry import Geometry

    yaw = Geometry(strict=False)(cases.before)[:, Geometry.names.index("landmark_yaw")]
    return -yaw.nan_to_num(0.0)


CHANGES: dict[str, Callable[[Cases], Tensor]] = {
    "older": lambda cases: torch.full((len(cases),), YEARS),
    "younger": lambda cases: torch.full((len(cases),), -YEARS),
    "smile": lambda cases: torch.full((len(cases),), SMILE),
    "neutral": lambda cases: torch.full((len(cases),), -SMILE),
    "frontal": _turn,
}
"""What is asked for, in the units of the direction."""
