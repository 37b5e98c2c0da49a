"""The gradient of the end of a synthesis layer: activation, bias, noise, demodulation, next styles and colours in one pass.

No gradient of its own. On the CPU with native kernels one pass over the layer's output, else plain operators; float32 and
bfloat16 images, channels_last; the arithmetic is float32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    following: Tensor
    """The styles of the next layer [n c], which multiply y."""
    weight: Tensor | None
    """[n k c] with k at most 4: the colours are Σ_c weight · y. None without colours."""

    def cut(self, samples: slice, rows: slice) -> End:
        """The end of some samples and rows."""
        noise = self.noise
        if noise is not None:
            noise = noise[:, rows] if len(noise) == 1 else noise[samples, rows]
        weight = None if self.weight is None else self.weight[samples]
        return replace(
            self, scale=self.scale[samples], noise=noise, following=self.following[samples], weight=weight
        )


@dataclass(frozen=True, eq=False)
class EndGradient:
    """What the gradient becomes, beside that at v; of several bands the sum."""

    following: Tensor
    """At the styles of the next layer, [n c]."""
    scale: Tensor
    """At the logarithm of the demodulation, [n c]."""
    weight: Tensor
    """At the weights of the colours, [n k c]."""


def tail_gradient(
    above: Tensor | None,
    y: Tensor,
    end: End,
    out: Tensor,
    colours: Tensor | None = None,
    at_noise: Tensor | None = None,
) -> EndGradient:
    """The gradient through the end of a layer, or through a band of it.

    Args:
        above: gradient at y · following, like y, or None.
        y: the layer's output [n c h w], channels_last; samples may lie apart.
        end: what made y.
        out: where the gradient at v goes, like y.
        colours: gradient at the colours, float32 [n k h w]; rows are dense.
        at_noise: where the gradient at every image's noise goes, float32 [n h w], rows are dense; or None.
    """
    kernels = native.kernels_for(y, "tail_gradient") if y.device.type == "cpu" else None
    if kernels is None:
        return reference(above, y, end, out, colours, at_noise)
    weight = None if colours is None else end.weight
    numbers = (end.strength, end.bias, end.slope, end.gain, end.clamp)
    sums = kernels.tail_gradient(
        above, y, out, colours, weight, end.scale, end.following, end.noise, *numbers, at_noise
    )
    return EndGradient(sums[:, 0], sums[:, 1], sums[:, 2:])


def reference(
    above: Tensor | None,
    y: Tensor,
    end: End,
    out: Tensor,
    colours: Tensor | None,
    at_noise: Tensor | None,
) -> EndGradient:
    """The definition, in plain PyTorch; z is found again from y, since only its linear pieces let a gradient through."""
    seen = y.float()
    gradient = torch.zeros_like(seen)
    following, weight = seen.new_zeros(seen.shape[:2]), seen.new_zeros(len(seen), 0, seen.shape[1])
    if above is not None:
        following = (above.float() * seen).sum((2, 3))
        gradient = above.float() * end.following[:, :, None, None]
    if colours is not None:
        assert end.weight is not None, "colours come with their weights"
        weight = torch.einsum("nkhw,nchw->nkc", colours, seen)
        gradient = gradient + torch.einsum("nkhw,nkc->nchw", colours, end.weight)

    slope = torch.where(seen > 0, end.gain, end.gain * end.slope)
    opened = slope
    if end.clamp >= 0:
        limit = float(torch.tensor(end.clamp).to(y.dtype))  # outputs were rounded, so was the limit
        opened = slope * (seen.abs() < limit)
    gradient = gradient * opened
    if at_noise is not None:
        at_noise.copy_(gradient.sum(1) * end.strength)

    shift = end.bias[:, None, None]
    if end.noise is not None:
        shift = shift + end.noise[:, None] * end.strength
    modulated = torch.where(slope > 0, seen / slope, 0) - shift
    out.copy_(gradient * end.scale[:, :, None, None])
    return EndGradient(following, (gradient * modulated).sum((2, 3)), weight)
