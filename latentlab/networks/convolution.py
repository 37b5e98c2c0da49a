"""Convolution together with FIR resampling by a factor of two or more (Karras et al. 2020, Appendix B)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from cuda_ops import upfirdn2d


def convolve(x: Tensor, weight: Tensor, fir: Tensor | None, up: int = 1, down: int = 1) -> Tensor:
    """Same-size convolution [out in k k] of x [n in h w], with the image enlarged or shrunk on the way."""
    padding = weight.shape[-1] // 2
    if up > 1:
        return _enlarge(x, weight, fir, up, padding)
    if down > 1:
        return _shrink(x, weight, fir, down, padding)
    return F.conv2d(x, weight, padding=padding)


def blur_padding(taps: int, kernel: int, up: int) -> tuple[int, int, int]:
    """(crop of the transposed convolution, padding before, padding after) of the filter behind it."""
    before = kernel // 2 + (taps + up - 1) // 2 - (kernel - 1)
    after = kernel // 2 + (taps - up) // 2 - (kernel - up)
    crop = max(min(-before, -after), 0)
    return crop, before + crop, after + crop


def _enlarge(x: Tensor, weight: Tensor, fir: Tensor | None, up: int, padding: int) -> Tensor:
    kernel = weight.shape[-1]
    taps = 1 if fir is None else fir.shape[-1]
    if (
        kernel == 1
    ):  # zeros between pixels pass through a 1×1 convolution: filter last, on the image that is there
        sides = ((taps + up - 1) // 2, (taps - up) // 2)
        return upfirdn2d(F.conv2d(x, weight), fir, up=up, padding=sides * 2, gain=up**2)

    crop, before, after = blur_padding(taps, kernel, up)
    y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=up, padding=crop)

    return upfirdn2d(y, fir, padding=(before, after, before, after), gain=up**2)


def _shrink(x: Tensor, weight: Tensor, fir: Tensor | None, down: int, padding: int) -> Tensor:
    taps = 1 if fir is None else fir.shape[-1]
    sides = (padding + (taps - down + 1) // 2, padding + (taps - down) // 2)
    if weight.shape[-1] == 1:
        return F.conv2d(upfirdn2d(x, fir, down=down, padding=sides * 2), weight)
    return F.conv2d(upfirdn2d(x, fir, padding=sides * 2), weight, stride=down)
