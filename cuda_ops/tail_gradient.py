"""The gradient of the end of a synthesis layer: activation, bias, noise, demodulation, next styles and colours in one pass.

No gradient of its own. On the CPU with native kernels one pass over the layer's output, else plain operators; float32 and
bfloat16 images, channels_last; the arithmetic is float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cuda_ops import native


@dataclass(frozen=True, eq=False)
class End:
    """y = clamp(lrelu(z) · gain) with z = v · scale + noise · strength + bias; v is what the convolution (or filter) gave."""

    scale: Tensor
    """Demodulation [n c]."""
    noise: Tensor | None
    """[n or 1, h, w]."""
    strength: float
    bias: Tensor
    """[c]."""
    slope: float
    """Of the negative side; 1 is linear."""
    gain: float
    clamp: float
    """Below 0 for none."""


@dataclass(frozen=True, eq=False)
class EndGradient:
    """What the gradient above becomes."""

    at_conv: Tensor
    """At v, like y."""
    at_following: Tensor
    """At the styles of the next layer, [n c]."""
    at_scale: Tensor
    """At the logarithm of the demodulation, [n c]."""
    at_weight: Tensor
    """At the weights of the colours, [n k c]."""


def tail_gradient(
    above: Tensor | None,
    y: Tensor,
    end: End,
    following: Tensor,
    colours: Tensor | None = None,
    weight: Tensor | None = None,
) -> EndGradient:
    """The gradient through the end of a layer.

    Args:
        above: gradient at y · following, like y, or None.
        y: the layer's output [n c h w], channels_last.
        end: what made y.
        following: factors on y in the next layer [n c] (its styles).
        colours: gradient at the colours, float32 [n k h w] with k at most 4, or None.
        weight: Σ_c weight[n k c] · y are the colours.
    """
    if y.device.type == "cpu" and y.dtype in (torch.float32, torch.bfloat16):
        kernels = native.kernels_for(y, "tail_gradient")
        if kernels is not None:
            arguments = (end.scale, following, end.noise, end.strength, end.bias, end.slope, end.gain, end.clamp)
            at_conv, sums = kernels.tail_gradient(above, y, colours, weight, *arguments)
            return EndGradient(at_conv, sums[:, 0], sums[:, 1], sums[:, 2:])
    return reference(above, y, end, following, colours, weight)


def reference(
    above: Tensor | None,
    y: Tensor,
    end: End,
    following: Tensor,
    colours: Tensor | None,
    weight: Tensor | None,
) -> EndGradient:
    """The definition, in plain PyTorch; z is found again from y, since only its linear pieces let a gradient through."""
    seen = y.float()
    gradient = torch.zeros_like(seen)
    at_following, at_weight = seen.new_zeros(seen.shape[:2]), seen.new_zeros(len(seen), 0, seen.shape[1])
    if above is not None:
        at_following = (above.float() * seen).sum((2, 3))
        gradient = above.float() * following[:, :, None, None]
    if colours is not None:
        assert weight is not None, "colours come with their weights"
        at_weight = torch.einsum("nkhw,nchw->nkc", colours, seen)
        gradient = gradient + torch.einsum("nkhw,nkc->nchw", colours, weight)

    slope = torch.where(seen > 0, end.gain, end.gain * end.slope)
    if end.clamp >= 0:
        limit = float(torch.tensor(end.clamp).to(y.dtype))
        slope = slope * (seen.abs() < limit)
    gradient = gradient * slope

    shift = end.bias[:, None, None]
    if end.noise is not None:
        shift = shift + end.noise[:, None] * end.strength
    modulated = torch.where(slope > 0, seen / slope, 0) - shift
    at_conv = (gradient * end.scale[:, :, None, None]).to(y.dtype)
    at_conv = at_conv.contiguous(memory_format=torch.channels_last)
    return EndGradient(at_conv, at_following, (gradient * modulated).sum((2, 3)), at_weight)
