"""Pictures as a generator would draw them: smaller, blurred, of another tint, a little misplaced, speckled."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from latentlab.core.shapes import Images
from latentlab.core.warp import warp


def degraded(before: Images, after: Images, random: torch.Generator) -> tuple[Images, Images]:
    """Both pictures of each pair [n 3 s s] with the faults that they share, and speckles of their own."""
    count, size = len(before), before.shape[-1]
    blur = 0.5 + 2.0 * torch.rand(count, generator=random)
    tint = 1 + 0.15 * torch.randn(count, 3, 1, 1, generator=random)
    shade = 0.12 * _smooth(count, 3, size, 5, random)
    place = _smooth(count, 2, size, 5, random) * (1.5 * torch.rand(count, 1, 1, 1, generator=random))
    found = []
    for images in (before, after):
        soft = torch.cat(
            [_blurred(image[None], float(width)) for image, width in zip(images, blur, strict=True)]
        )
        noise = 0.04 * torch.randn(soft.shape, generator=random)
        found.append((warp(soft, place) * tint + shade + _blurred(noise, 0.7)).clamp(-1, 1))
    return found[0], found[1]


def _blurred(images: Tensor, width: float) -> Tensor:
    reach = max(1, round(2.5 * width))
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / width) ** 2)
    line = (line / line.sum()).expand(images.shape[1], 1, -1)
    padded = pad(images, (reach, reach, reach, reach), mode="replicate")
    across = conv2d(padded, line[:, :, None], groups=images.shape[1])
    return conv2d(across, line[..., None], groups=images.shape[1])


def _smooth(count: int, channels: int, size: int, knots: int, random: torch.Generator) -> Tensor:
    noise = torch.randn(count, channels, knots, knots, generator=random)
    return interpolate(noise, (size, size), mode="bicubic", align_corners=False)
