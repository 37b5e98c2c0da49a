"""How much is learnt at once, and how often it is written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSchedule:
    """The part of a training's settings that no model knows."""

    batch: int = 32
    """Images in a step, over all processes."""
    rounds: int = 1
    """Parts that each process computes one after the other: more rounds need less memory."""
    seed: int = 0
    """All randomness of the training follows from it."""
    save_seconds: float = 300.0
    """Seconds between checkpoints."""
    report_steps: int = 20
    """Steps between lines of the log."""
    picture_steps: int = 500
    """Steps between sheets of samples; 0 is never."""
    measure_steps: int = 0
    """Steps between measurements of the samples, where there is something to measure with; 0 is never."""
    ahead: int = 2
    """Batches fetched ahead by a thread; 0 reads them on demand."""
    keep: int = 3
    """Checkpoints kept."""
