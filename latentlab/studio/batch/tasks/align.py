"""Photos to aligned faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from latentlab.core.errors import BadInput
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.align import Align


@dataclass(frozen=True)
class AlignPhotos(Task):
    """One face of each photo, upright, and the way back."""

    request: Align = field(default_factory=Align)
    look: Look = field(default_factory=Look)

    def __post_init__(self) -> None:
        if self.request.all:
            raise BadInput("a batch has one row for each photo; leave `all` out")

    def open(self, studio: Lab) -> OpenTask:
        return Aligning(self.request)


@dataclass(frozen=True)
class Aligning(OpenTask):
    request: Align

    @property
    def size(self) -> int:
        return self.request.size

    def make(self, items: Sequence[Item]) -> list[Outcome]:
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Made:
        assert item.image is not None, "a photo that was looked at"
        measures, crop = {}, None
        if item.found is not None:
            measures = {"faces": float(item.found.count), "sureness": item.found.detected.score}
            crop = item.found.crop.to_json()
        return Made(measures, drawn=Drawn(item.image[0], {"kind": "aligned photo"}, None), crop=crop)
