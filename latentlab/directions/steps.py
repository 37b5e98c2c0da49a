"""How far strength 1 goes: ten years, ten degrees, or one standard deviation of the population's scores."""

from __future__ import annotations

import torch
from torch import Tensor

STEPS = {"years": 10.0, "degrees": 10.0, "0..1": 0.25}
"""Step by unit; every other unit steps by one standard deviation of the scores."""


def step_of(unit: str, scores: Tensor) -> float:
    """By how many units one step should move an attribute with these scores."""
    return step_from(unit, float(scores.std()))


def step_from(unit: str, spread: float) -> float:
    """The same from the standard deviation of the scores."""
    return STEPS.get(unit, spread)


def scale_to_step(direction: Tensor, latents: Tensor, scores: Tensor, step: float) -> Tensor:
    """The multiple of `direction` that moves the linear prediction of the scores by `step`.

    `latents` [n width], `scores` [n]; the slope along the direction is that of the scores regressed on the
    latents' coordinate along it.
    """
    unit = direction / direction.norm()
    along = (latents - latents.mean(0)) @ unit
    slope = (along * (scores - scores.mean())).mean() / along.var(unbiased=False).clamp_min(1e-12)
    if torch.sign(slope) < 0:
        unit, slope = -unit, -slope
    return unit * (step / slope.clamp_min(1e-9))
