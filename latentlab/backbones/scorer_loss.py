"""How far a scorer's guesses are from the truth, in standard deviations of each attribute."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from latentlab.scorers.targets import NAMES

WEIGHTS = {
    "smile": 12.0, "age": 6.0, "mouth_open": 4.0, "lip_lightness": 4.0, "lip_redness": 4.0, "lip_yellowness": 4.0, "yaw": 2.0,
    "pitch": 2.0,
}  # fmt: skip
"""Weight of an error beside 1 in any other attribute: edits ask for these most often, and the hardest weigh most."""


def weighted_huber(guess: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Huber's loss (1964) of [n names], turning at one standard deviation; what edits ask for most weighs most."""
    errors = F.huber_loss(guess, truth, delta=1.0, reduction="none").mean(0)
    weights = errors.new_tensor([WEIGHTS.get(name, 1.0) for name in NAMES])
    return {"huber": (errors * weights).sum() / weights.sum()}


def known_absolute(guess: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Mean absolute error of what is known, every attribute alike; NaN in `truth` [n names] is what nobody knows.

    The likelihood of Laplace's law: the best constant guess is the median, where a square asks for the mean.
    """
    known = torch.isfinite(truth)
    errors = (guess - torch.where(known, truth, 0.0)).abs() * known
    each = errors.sum(0) / known.sum(0).clamp_min(1)
    return {"absolute": each.sum() / known.any(0).sum().clamp_min(1)}
