"""Distances of two distributions by their samples' features: Fréchet (Heusel et al. 2017), kernel (Bińkowski et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½) of features [n width] and [m width]; at least two of each.

    It is biased upwards for few samples: compare figures of equal n only, and give it twice the width or more.
    """
    one, other = _checked(one, other)
    gap = (one.mean(0) - other.mean(0)).square().sum()
    first, second = _covariance(one), _covariance(other)
    root = _square_root(first)
    middle = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum()  # tr (Σ₁Σ₂)^½
    return float(gap + first.trace() + second.trace() - 2 * middle)


@dataclass(frozen=True)
class Kernel:
    """A kernel distance and the deviation of the mean over subsets."""

    distance: float
    deviation: float


def kernel_distance(
    one: Tensor, other: Tensor, subsets: int = 100, size: int = 1000, seed: int = 0
) -> Kernel:
    """The unbiased squared MMD under (x·y / width + 1)³, a mean over random subsets; it may fall a little below zero."""
    one, other = _checked(one, other)
    size = min(size, len(one), len(other))
    random = torch.Generator().manual_seed(seed)
    values = []
    for _ in range(subsets):
        x = one[torch.randperm(len(one), generator=random)[:size]]
        y = other[torch.randperm(len(other), generator=random)[:size]]
        values.append(_mmd(x, y))
    stacked = torch.stack(values)
    return Kernel(float(stacked.mean()), float(stacked.std(correction=0)))


def _mmd(x: Tensor, y: Tensor) -> Tensor:
    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    n = len(x)
    xx, yy = kernel(x, x), kernel(y, y)
    same = (xx.sum() - xx.trace() + yy.sum() - yy.trace()) / (n * (n - 1))
    return same - 2 * kernel(x, y).mean()


def _covariance(features: Tensor) -> Tensor:
    centred = features - features.mean(0)
    return centred.T @ centred / (len(features) - 1)


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def _checked(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    one, other = one.double(), other.double()
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]:
        raise BadInput(f"features of the shapes {list(one.shape)} and {list(other.shape)} cannot be compared")
    if min(len(one), len(other)) < 2:
        raise BadInput(f"a distribution needs at least two samples, seen: {len(one)} and {len(other)}")
    if not (one.isfinite().all() and other.isfinite().all()):
        raise BadInput("some features are not finite; look at the images they come from")
    return one, other
