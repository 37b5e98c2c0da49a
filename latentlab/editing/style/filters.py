"""Classical filters that make a style: pictures in, pictures out, the same for every face."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, unfold

from latentlab.core.shapes import Images

GREY = (0.299, 0.587, 0.114)


def pencil(images: Images) -> Images:
    """A drawing in grey: each tone over its surroundings, so that edges and dark hair stay and skin turns to paper."""
    grey = ((images + 1) / 2 * images.new_tensor(GREY)[None, :, None, None]).sum(1, keepdim=True)
    around = gaussian(grey, images.shape[-1] / 40)
    strokes = ((grey + 0.02) / (around + 0.02)).clamp(0, 1)
    shaded = strokes**1.6 * (0.62 + 0.38 * around.clamp(0, 1))
    return (shaded * 2 - 1).clamp(-1, 1).expand(-1, 3, -1, -1)


def paint(images: Images) -> Images:
    """Brush strokes with firm edges: the mean of the calmest quarter around each pixel (Kuwahara et al. 1976)."""
    reach = max(1, round(images.shape[-1] / 42))
    n, c, h, w = images.shape
    grown = pad(images, (reach,) * 4, mode="reflect")
    side = reach + 1
    windows = unfold(grown, side).reshape(n, c, side * side, h + reach, w + reach)
    mean, spread = windows.mean(2), windows.var(2).sum(1, keepdim=True)
    corners = [(y, x) for y in (0, reach) for x in (0, reach)]
    means = torch.stack([mean[..., y : y + h, x : x + w] for y, x in corners])  # [4 n c h w]
    spreads = torch.stack([spread[..., y : y + h, x : x + w] for y, x in corners])
    calmest = spreads.argmin(0, keepdim=True).expand(1, n, c, h, w)
    return means.gather(0, calmest)[0].mul(1.08).clamp(-1, 1)


FILTERS: dict[str, Callable[[Images], Images]] = {"pencil": pencil, "paint": paint}
"""By name; a new filter is a function and a line here."""


def gaussian(images: Tensor, width: float) -> Tensor:
    """A blur [n c h w] of that standard deviation, in pixels; borders are mirrored."""
    reach = min(max(1, round(3 * width)), min(images.shape[-2:]) - 1)
    along = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-(along**2) / (2 * width**2))
    kernel = (kernel / kernel.sum())[None, None]
    flat = images.reshape(-1, 1, *images.shape[-2:])
    flat = conv2d(pad(flat, (reach, reach, 0, 0), mode="reflect"), kernel[:, :, None])
    flat = conv2d(pad(flat, (0, 0, reach, reach), mode="reflect"), kernel[..., None])
    return flat.reshape(images.shape)
