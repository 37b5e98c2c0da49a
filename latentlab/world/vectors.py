"""Vectors of pixels, component first: [3, p], so that every step runs along contiguous memory."""

from __future__ import annotations

import torch
from torch import Tensor


def dot(one: Tensor, other: Tensor) -> Tensor:
    """[3, p] by [3, p] -> [p]; a [3, 1] stands for all pixels."""
    flat = one[0] * other[0]
    return torch.addcmul(torch.addcmul(flat, one[1], other[1]), one[2], other[2])


def unit(vectors: Tensor, least: float = 1e-12) -> Tensor:
    """Of length one; shorter ones than `least` stay short."""
    return vectors / dot(vectors, vectors).sqrt_().clamp_min_(least)


def cross(one: Tensor, other: Tensor) -> Tensor:
    """Perpendicular to both, right-handed."""
    a, b, c = one
    x, y, z = other
    return torch.stack([b * z - c * y, c * x - a * z, a * y - b * x])


def colour_like(values: Tensor, red: float, green: float, blue: float) -> Tensor:
    """A constant as [3, 1], where and as the values are."""
    return values.new_tensor([[red], [green], [blue]])
