"""Phases: who learns, from which losses, how often; StyleGAN's lazy phases generalised to every model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from latentlab.training.distributed import ALONE, ProcessGroup
from latentlab.training.draws import Draws

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Moment:
    """Where in the training a loss is computed, and the randomness it may use."""

    step: int
    """Steps done before this one."""
    images: int
    """Images shown before this step, over all processes."""
    batch: int
    """Images in this step, over all processes."""
    draws: Draws
    """One generator for each sample of this part of the batch."""
    processes: ProcessGroup = ALONE
    device: torch.device = CPU
    handed: dict[str, Any] = field(default_factory=dict)
    """What earlier phases of this step left for later ones, about the same samples: fakes, codes. Gone with the step."""


def always(moment: Moment) -> bool:
    """The `when` of most phases."""
    return True


def nothing(moment: Moment) -> None:
    """The `after` of most phases."""


Losses = Callable[[Any, Moment], Mapping[str, Tensor]]
"""Named terms from a batch; their sum is what is differentiated. Each is a mean over the samples of the batch."""


@dataclass(frozen=True, eq=False)
class Phase:
    """One optimizer step of some networks: `sum(losses(batch, moment)).backward()`, then step."""

    name: str
    learners: tuple[str, ...]
    """Names of the networks that learn; all others are frozen meanwhile. Each has an optimizer of its own."""
    losses: Losses
    every: int = 1
    """Run at every so-many-th step; the loss itself carries the weight that makes up for it."""
    when: Callable[[Moment], bool] = always
    """Whether it runs at this moment: a warm start ends, an adversary joins. Looks at step and images alone, so that all
    processes answer the same."""
    after: Callable[[Moment], None] = nothing
    """Called after the optimizer step: averages, augmentation strength, clipping of weights."""
