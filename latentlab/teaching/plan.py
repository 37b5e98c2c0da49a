"""How long a model is taught, at which schedule, on which device, and where its files go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from latentlab.core.errors import BadInput
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer

Measure = Callable[[Mapping[str, nn.Module]], Mapping[str, float]]
"""Figures of the networks by name, for the log."""
Begin = Callable[[Trainer], Mapping[str, Any] | None]
"""Called with a training that has not made a step: gives it weights to begin with, and says what to tell of them."""


@dataclass(frozen=True)
class TrainingPlan:
    """One training, whatever the model."""

    out: Path
    """The run's folder: checkpoints, log, sheets, and in the end a file for each part of the model."""
    images: int = 200_000
    """Images to show in all, earlier legs counted in."""
    seconds: float = float("inf")
    """Stop after so long, everything saved; with `resume` the same plan goes on."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder, if there is one."""
    device: str = "auto"
    schedule: TrainingSchedule = field(default_factory=TrainingSchedule)
    story: Mapping[str, Any] = field(default_factory=dict)
    """What the files tell of the training beside what is always told: preset, settings, data."""
    begin: Begin | None = None
    measure: Measure | None = None
    """Every `measure_steps` steps of the schedule."""
    half: bool = False
    """Write weights in fp16: half the size."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "out", Path(self.out))
        if self.images < 1:
            raise BadInput(
                f"`images` is {self.images}, which teaches nothing; show at least one, for example 100000"
            )
        if not self.seconds > 0:
            raise BadInput(f"in {self.seconds} seconds nothing is learnt; leave them out, or give some")
