"""The background stays where it is: movement and tint end with the head, and what a turned head uncovers is filled."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.editing.transfer.colour import blurred

STAYS = 0.05
"""Where both pictures of the generator differ by less than this ([-1, 1] scale, over a neighbourhood) nothing has happened."""
MIDDLE = (0.5, 0.54)
EXTENT = (0.40, 0.50)
"""Centre and half axes of the ellipse in which an aligned head lies, as shares of the picture."""


def head_share(size: int) -> Tensor:
    """1 where an aligned head is, falling softly to 0 around it: [1 1 s s]."""
    along = (torch.arange(size) + 0.5) / size
    x, y = (along - MIDDLE[0]) / EXTENT[0], (along - MIDDLE[1]) / EXTENT[1]
    radius = (x[None] ** 2 + y[:, None] ** 2).sqrt()
    return ((1.25 - radius) / 0.35).clamp(0, 1)[None, None]


def happened(before: Images, after: Images) -> Tensor:
    """1 where an edit changed the picture, 0 where it did not: [1 1 s s]."""
    apart = blurred((after - before).square().mean(1, keepdim=True), 3.0)
    return 1 - torch.exp(-apart / STAYS**2)


def filled(images: Images, trusted: Tensor) -> Images:
    """Pictures [1 3 s s] whose untrusted pixels [1 1 s s] are filled from around them, coarse to fine (push and pull)."""
    total, weight = images * trusted, trusted
    levels = [(total, weight)]
    while total.shape[-1] > 2:
        total, weight = (torch.nn.functional.avg_pool2d(x, 2) for x in (total, weight))
        levels.append((total, weight))
    known = levels[-1][0] / levels[-1][1].clamp_min(1e-6)
    for total, weight in reversed(levels[:-1]):
        grown = torch.nn.functional.interpolate(known, total.shape[-2:], mode="bilinear", align_corners=False)
        known = total + (1 - weight) * grown
    return known
