"""What the inversion missed is given back where the edit left things as they were, before a face returns to its photo."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from latentlab.core.shapes import Images

CHANGED = 0.12
"""Differences between edited and unedited render ([-1, 1] scale, mean over a neighbourhood) well above this are edits."""


def restore(edited: Images, reconstruction: Images, original: Images) -> Images:
    """The edited face at the size of the original, with the original's own detail wherever the edit changed nothing.

    edited + a·(original - reconstruction) with a near 1 where both renders agree and near 0 where they differ: without
    an edit this is the original itself; inside an edit it is the render alone, so nothing shows twice.
    """
    size = original.shape[-1]
    new, old = (_enlarge(images, size) for images in (edited, reconstruction))
    return new + agreement(new, old) * (original - old)


def agreement(one: Images, other: Images) -> Tensor:
    """1 where two pictures agree, falling to 0 where they differ, smooth: [n 1 s s]."""
    away = (one - other).square().mean(dim=1, keepdim=True)
    reach = max(1, one.shape[-1] // 64)
    return torch.exp(-_blur(away, reach) / CHANGED**2)


def _blur(values: Tensor, reach: int) -> Tensor:
    """Three box means: nearly a Gaussian."""
    for _ in range(3):
        values = avg_pool2d(values, 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)
    return values


def _enlarge(images: Images, size: int) -> Images:
    if images.shape[-1] == size:
        return images
    return interpolate(
        images, (size, size), mode="bicubic", antialias=images.shape[-1] > size, align_corners=False
    )
