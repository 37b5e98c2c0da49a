"""How much is learnt at once, and how often it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Annotated

from latentlab.core.ranges import Batch, Between, Seed, Steps, check


@dataclass(frozen=True)
class TrainingSchedule:
    """The part of a training's settings that no model knows."""

    batch: Batch = 32
    """Images in a step, over all processes."""
    rounds: Annotated[int, Between(1, 65_536)] = 1
    """Parts that each process computes one after the other: more rounds need less memory."""
    seed: Seed = 0
    """All randomness of the training follows from it."""
    save_seconds: Annotated[float, Between(0, inf)] = 300.0
    """Seconds between checkpoints."""
    report_steps: Steps = 20
    """Steps between lines of the log."""
    picture_steps: Annotated[int, Between(0, 100_000_000)] = 500
    """Steps between sheets of samples; 0 is never."""
    measure_steps: Annotated[int, Between(0, 100_000_000)] = 0
    """Steps between measurements of the samples, where there is something to measure with; 0 is never."""
    ahead: Annotated[int, Between(0, 1000)] = 2
    """Batches fetched ahead by a thread; 0 reads them on demand."""
    keep: Annotated[int, Between(1, 10_000)] = 3
    """Checkpoints kept."""

    def __post_init__(self) -> None:
        check(self)
