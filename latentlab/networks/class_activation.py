"""Attention by class activation maps (Zhou et al. 2016), as U-GAT-IT uses it in generator and discriminator."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Attended(NamedTuple):
    """What the attention makes of features [n c h w]."""

    features: Tensor
    """[n c h w], weighted and mixed; the activation is still to come."""
    logits: Tensor
    """[n 2]: which domain, by average and by largest features."""


class ClassActivation(nn.Module):
    """Two linear classifiers on pooled features whose weights then scale the channels."""

    def __init__(self, width: int, *, spectral: bool = False) -> None:
        super().__init__()
        self.average = nn.Linear(width, 1, bias=False)
        self.largest = nn.Linear(width, 1, bias=False)
        self.mix = nn.Conv2d(2 * width, width, 1)
        if spectral:
            spectral_norm(self.average)
            spectral_norm(self.largest)

    def forward(self, x: Tensor) -> Attended:
        average, largest = (
            self.average.weight,
            self.largest.weight,
        )  # read once: a reading steps the spectral norm
        logits = torch.cat([F.linear(x.mean((2, 3)), average), F.linear(x.amax((2, 3)), largest)], dim=1)
        weighted = torch.cat([x * average[0, :, None, None], x * largest[0, :, None, None]], dim=1)
        return Attended(self.mix(weighted), logits)
