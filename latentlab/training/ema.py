"""The moving average of a generator's weights, with a half-life in images and a ramp-up (Karras et al. 2020, ADA)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def follow(
    average: nn.Module, learner: nn.Module, images: int, batch: int, half_life: float, ramp_up: float | None
) -> None:
    """Move the average a step towards the learner; buffers are copied.

    `half_life` is in images; with `ramp_up` it is at most that share of the images shown so far.
    """
    if ramp_up is not None:
        half_life = min(half_life, images * ramp_up)
    keep = 0.5 ** (batch / max(half_life, 1e-8))
    theirs: list[Tensor] = list(learner.parameters())
    ours: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(ours, theirs, 1 - keep)
    for mine, its in zip(average.buffers(), learner.buffers(), strict=True):
        mine.copy_(its)
