"""Photos to what the guide reads on their faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.task import Item, Made, OpenTask, Outcome, Task
from latentlab.studio.lab import Lab
from latentlab.studio.shelf import companions


@dataclass(frozen=True)
class ScorePhotos(Task):
    """Every attribute of the guide, in its unit, read on the aligned photo."""

    look: Look = field(default_factory=Look)

    draws: ClassVar[bool] = False

    def open(self, studio: Lab) -> OpenTask:
        return Scoring(companions.guide(studio), studio.place)


@dataclass(frozen=True, eq=False)
class Scoring(OpenTask):
    guide: Any
    place: torch.device

    @torch.no_grad()
    def make(self, items: Sequence[Item]) -> list[Outcome]:
        images = torch.cat([item.image for item in items if item.image is not None]).to(self.place)
        rows = self.guide(images).float().tolist()
        crops = [None if item.found is None else item.found.crop.to_json() for item in items]
        return [
            Made(dict(zip(self.guide.names, row, strict=True)), crop=crop)
            for row, crop in zip(rows, crops, strict=True)
        ]
