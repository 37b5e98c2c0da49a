"""filtered_lrelu: enlarge, leaky ReLU, shrink, without aliasing (Karras et al. 2021), differentiable to any order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from cuda_ops import native
from cuda_ops.errors import BadArgument, require_floating, require_images
from cuda_ops.registration import Gradient, register
from cuda_ops.upfirdn2d import filter_for, four_sides, memory_format_of, output_size
from cuda_ops.upfirdn2d import reference as resampled

NO_CLAMP = -1.0
NEGATIVE, POSITIVE, CLAMPED = 0, 1, 2
"""What a mask says of a pixel between the two filters: its slope is `slope`, 1 or 0."""


def filtered_lrelu(
    x: Tensor,
    fu: Tensor | None = None,
    fd: Tensor | None = None,
    b: Tensor | None = None,
    up: int = 1,
    down: int = 1,
    padding: int | Sequence[int] = 0,
    gain: float = math.sqrt(2),
    slope: float = 0.2,
    clamp: float | None = None,
    flip_filter: bool = False,
) -> Tensor:
    """Add the bias, enlarge by `up`, apply clamp(lrelu(·)·gain), shrink by `down`: [n c h w] to [n c h' w'].

    Args:
        x: images, any floating type.
        fu: filter of the enlargement, [taps] (separable), [height width] or None.
        fd: filter of the shrinking, likewise.
        b: bias [c], or None.
        up, down: whole factors for both axes.
        padding: around the enlarged image, negative to crop; a number, (x, y) or (x0, x1, y0, y1).
        gain: factor after the activation.
        slope: slope of the negative side.
        clamp: largest magnitude after the gain; None means no limit.
        flip_filter: False convolves, True correlates.

    Raises:
        BadArgument: factors, padding, bias, filters or clamp out of range, or nothing would be left of the image.
        BadTensor: a tensor is of no floating type.
    """
    require_images("filtered_lrelu", x)
    b = _checked(x, b, up, down, clamp)
    up_taps = filter_for("filtered_lrelu", "fu", fu, x)
    down_taps = filter_for("filtered_lrelu", "fd", fd, x)
    sides = four_sides("filtered_lrelu", padding)
    tall, wide = _between_size(x.shape[2:], up_taps, up, sides)
    if min(_after_size((tall, wide), down_taps, down)) < 1 or min(tall, wide) < 1:
        raise BadArgument(
            f"filtered_lrelu: nothing is left of {x.shape[2]}×{x.shape[3]} pixels after padding {list(sides)} and"
            f" filters of {list(up_taps.shape)} and {list(down_taps.shape)}; pad more or crop less"
        )
    learns = torch.is_grad_enabled() and (x.requires_grad or (b is not None and b.requires_grad))
    limit = NO_CLAMP if clamp is None else float(clamp)
    y, _ = torch.ops.latentlab.filtered_lrelu(
        x,
        up_taps,
        down_taps,
        b,
        up,
        down,
        *sides,
        float(gain),
        float(slope),
        limit,
        bool(flip_filter),
        learns,
    )
    return y


def _checked(x: Tensor, b: Tensor | None, up: int, down: int, clamp: float | None) -> Tensor | None:
    for name, factor in (("up", up), ("down", down)):
        if not isinstance(factor, int) or factor < 1:
            raise BadArgument(f"filtered_lrelu: {name} is {factor}; pass a whole number of at least 1")
    if clamp is not None and not clamp >= 0:
        raise BadArgument(f"filtered_lrelu: clamp is {clamp}; pass a magnitude of at least 0, or None")
    if b is None:
        return None
    require_floating("filtered_lrelu", "b", b)
    if b.ndim != 1 or b.shape[0] != x.shape[1]:
        raise BadArgument(
            f"filtered_lrelu: b has shape {list(b.shape)}; pass [{x.shape[1]}], the channels of x {list(x.shape)}"
        )
    if b.device != x.device:
        raise BadArgument(f"filtered_lrelu: b is on {b.device}, x on {x.device}; move them to one device")
    return b.to(x.dtype)


def _between_size(size: Sequence[int], taps: Tensor, up: int, sides: Sequence[int]) -> tuple[int, int]:
    return output_size(size[0], size[1], taps, (up, up, 1, 1, *sides))


def _after_size(size: Sequence[int], taps: Tensor, down: int) -> tuple[int, int]:
    return output_size(size[0], size[1], taps, (1, 1, down, down, 0, 0, 0, 0))


def _widened(x: Tensor, taps: Tensor) -> Tensor:
    return x.to(taps.dtype)


def reference(
    x: Tensor,
    fu: Tensor,
    fd: Tensor,
    b: Tensor | None,
    up: int,
    down: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    gain: float,
    slope: float,
    clamp: float,
    flip: bool,
    learns: bool,
) -> tuple[Tensor, Tensor]:
    """The definition, in plain PyTorch: the result, and for the gradient a mask of the pixels between the filters."""
    between = _widened(x, fu)
    if b is not None:
        between = between + b.to(between.dtype)[:, None, None]
    between = resampled(between, fu, up, up, 1, 1, px0, px1, py0, py1, flip, float(up * up))

    bent = torch.nn.functional.leaky_relu(between, slope) * gain
    mask = (between > 0).to(torch.uint8) if learns else x.new_empty([0], dtype=torch.uint8)
    if clamp >= 0:
        mask = torch.where(bent.abs() < clamp, mask, CLAMPED).to(torch.uint8) if learns else mask
        bent = bent.clamp(-clamp, clamp)

    y = resampled(bent, fd, 1, 1, down, down, 0, 0, 0, 0, flip, 1.0)
    return y.to(x.dtype).contiguous(memory_format=memory_format_of(x)), mask.contiguous()


def reference_masked(
    x: Tensor,
    mask: Tensor,
    fu: Tensor,
    fd: Tensor,
    up: int,
    down: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    mask_x: int,
    mask_y: int,
    gain: float,
    slope: float,
    flip: bool,
) -> Tensor:
    """Enlarge, multiply by what the mask says at (pixel + offset; zero outside), shrink: a linear map of x."""
    between = resampled(_widened(x, fu), fu, up, up, 1, 1, px0, px1, py0, py1, flip, gain)
    tall, wide = between.shape[2:]
    sides = [-mask_x, wide + mask_x - mask.shape[3], -mask_y, tall + mask_y - mask.shape[2]]
    codes = torch.nn.functional.pad(mask, sides, value=CLAMPED)
    slopes = torch.tensor([slope, 1.0, 0.0], device=x.device, dtype=between.dtype)[codes.long()]
    y = resampled(between * slopes, fd, 1, 1, down, down, 0, 0, 0, 0, flip, 1.0)
    return y.to(x.dtype).contiguous(memory_format=memory_format_of(x))


def filtered_lrelu_op(
    x: Tensor,
    fu: Tensor,
    fd: Tensor,
    b: Tensor | None,
    up: int,
    down: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    gain: float,
    slope: float,
    clamp: float,
    flip: bool,
    learns: bool,
) -> tuple[Tensor, Tensor]:
    kernels = native.kernels_for(x, "filtered_lrelu")
    run = reference if kernels is None else kernels.filtered_lrelu
    return run(x, fu, fd, b, up, down, px0, px1, py0, py1, gain, slope, clamp, flip, learns)


def filtered_lrelu_masked_op(
    x: Tensor,
    mask: Tensor,
    fu: Tensor,
    fd: Tensor,
    up: int,
    down: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    mask_x: int,
    mask_y: int,
    gain: float,
    slope: float,
    flip: bool,
) -> Tensor:
    kernels = native.kernels_for(x, "filtered_lrelu")
    run = reference_masked if kernels is None else kernels.filtered_lrelu_masked
    return run(x, mask, fu, fd, up, down, px0, px1, py0, py1, mask_x, mask_y, gain, slope, flip)


def _empty(x: Tensor, size: Sequence[int]) -> Tensor:
    return torch.empty(
        (x.shape[0], x.shape[1], size[0], size[1]),
        dtype=x.dtype,
        device=x.device,
        memory_format=memory_format_of(x),
    )


def _filtered_lrelu_shapes(x, fu, fd, b, up, down, px0, px1, py0, py1, gain, slope, clamp, flip, learns):
    between = _between_size(x.shape[2:], fu, up, (px0, px1, py0, py1))
    mask = x.new_empty((*x.shape[:2], *between) if learns else (0,), dtype=torch.uint8)
    return _empty(x, _after_size(between, fd, down)), mask


def _filtered_lrelu_masked_shapes(
    x, mask, fu, fd, up, down, px0, px1, py0, py1, mask_x, mask_y, gain, slope, flip
):
    between = _between_size(x.shape[2:], fu, up, (px0, px1, py0, py1))
    return _empty(x, _after_size(between, fd, down))


def _transposed(ctx, grad: Tensor, mask: Tensor, fu: Tensor, fd: Tensor) -> Tensor:
    """The gradient of the masked map: the same map with its halves exchanged and the filters turned round."""
    px0, _, py0, _ = ctx.sides
    mask_x, mask_y = ctx.offset
    tall, wide = _between_size(ctx.size_in, fu, ctx.up, ctx.sides)
    before_x, before_y = fu.shape[-1] - 1 - px0, fu.shape[0] - 1 - py0
    after_x = ctx.size_in[1] * ctx.up - wide + px0 - ctx.up + 1
    after_y = ctx.size_in[0] * ctx.up - tall + py0 - ctx.up + 1
    sides = (
        fd.shape[-1] - 1 + before_x,
        wide - grad.shape[3] * ctx.down + after_x,
        fd.shape[0] - 1 + before_y,
        tall - grad.shape[2] * ctx.down + after_y,
    )
    offset = (mask_x - before_x, mask_y - before_y)
    return torch.ops.latentlab.filtered_lrelu_masked(
        grad, mask, fd, fu, ctx.down, ctx.up, *sides, *offset, ctx.gain, ctx.slope, not ctx.flip
    )


def _remember(ctx, inputs, output):
    x, fu, fd, _b, ctx.up, ctx.down, *ctx.sides, gain, ctx.slope, _, ctx.flip, _ = inputs
    ctx.gain, ctx.offset, ctx.size_in = gain * ctx.up * ctx.up, (0, 0), x.shape[2:]
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(output[1], fu, fd)


def _backward(ctx, grad, _):
    mask, fu, fd = ctx.saved_tensors
    grad_x = _transposed(ctx, grad, mask, fu, fd)
    grad_b = grad_x.sum([0, 2, 3]) if ctx.needs_input_grad[3] else None
    return (grad_x, None, None, grad_b, *(None,) * 11)


def _remember_masked(ctx, inputs, output):
    x, mask, fu, fd, ctx.up, ctx.down, *sides, ctx.gain, ctx.slope, ctx.flip = inputs
    ctx.sides, ctx.offset, ctx.size_in = sides[:4], sides[4:], x.shape[2:]
    ctx.save_for_backward(mask, fu, fd)


def _backward_masked(ctx, grad):
    return (_transposed(ctx, grad, *ctx.saved_tensors), *(None,) * 14)


register("filtered_lrelu", filtered_lrelu_op, _filtered_lrelu_shapes, Gradient(_backward, _remember))
register(
    "filtered_lrelu_masked",
    filtered_lrelu_masked_op,
    _filtered_lrelu_masked_shapes,
    Gradient(_backward_masked, _remember_masked),
)
