"""Where a correspondence can be trusted: not where it folds, nor where the way there and back ends elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.warp import warp
from latentlab.networks.transfer import Layers

CLOSE = 1.5
"""Pixels by which the way there and back may miss, at 128 pixels."""
FOLDED = 0.15
"""Areas smaller than this share of their own size have been folded."""


def visible(flow: Tensor, back: Tensor) -> Tensor:
    """1 where the way there and back comes home, falling to 0: [1 1 s s]."""
    size = flow.shape[-1]
    miss = (flow + warp(back, flow)).square().sum(1, keepdim=True).sqrt() * 128 / size
    return torch.exp(-((miss / CLOSE) ** 2)) * (unfolded(flow) > FOLDED)


def unfolded(flow: Tensor) -> Tensor:
    """The area that each pixel came from, as a share of its own (the Jacobian's determinant); below 0 it is folded: [1 1 s s]."""
    across = torch.gradient(flow, dim=3)[0]
    down = torch.gradient(flow, dim=2)[0]
    return (1 + across[:, :1]) * (1 + down[:, 1:]) - across[:, 1:] * down[:, :1]


def torn(layers: Layers) -> float:
    """Share of the middle of the picture, where the face is, that was folded or is not the photo's."""
    size = layers.flow.shape[-1]
    middle = slice(size // 4, size - size // 5)
    inside = (slice(None), slice(None), middle, middle)
    lost = (unfolded(layers.flow) < FOLDED) | (layers.kept < 0.5)
    return float(lost[inside].float().mean())
