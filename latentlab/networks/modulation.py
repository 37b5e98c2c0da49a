"""Modulated convolution (Karras et al. 2020, §2): the styles scale the activations, so that all samples share one weight."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.networks.convolution import convolve
from latentlab.networks.layers import EPSILON, wide


def demodulation(weight: Tensor, styles: Tensor) -> Tensor:
    """rsqrt(Σ (w·s)² + ε) of eq. 3, for each sample and output channel: [n out]."""
    power = wide(weight).square().sum((2, 3))  # [out in]
    return (wide(styles).square() @ power.t() + EPSILON).rsqrt()


def modulated_convolution(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    fir: Tensor | None = None,
    up: int = 1,
    *,
    demodulate: bool = True,
    noise: Tensor | None = None,
) -> Tensor:
    """x [n in h w], weight [out in k k], styles [n in]: each sample convolved with its own scaled weight, plus noise."""
    if x.dtype == torch.float16 and demodulate:  # keeps sums in range; demodulation removes both factors
        weight = weight * (weight[0].numel() ** -0.5 / weight.abs().amax((1, 2, 3), keepdim=True))
        styles = styles / styles.abs().amax(1, keepdim=True)
    y = x * styles.to(x.dtype)[:, :, None, None]
    y = convolve(y, weight.to(x.dtype), fir, up)
    if not demodulate:
        return y if noise is None else y + noise.to(y.dtype)
    factor = demodulation(weight, styles).to(y.dtype)[:, :, None, None]
    return y * factor if noise is None else torch.addcmul(noise.to(y.dtype), y, factor)
