"""upfirdn2d: insert zeros, pad or crop, filter, keep every n-th pixel (Karras et al. 2020); its gradient is itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from cuda_ops import native
from cuda_ops.errors import BadArgument, require_floating, require_images
from cuda_ops.registration import Gradient, register


def upfirdn2d(
    x: Tensor,
    f: Tensor | None,
    up: int | Sequence[int] = 1,
    down: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """Resample images [n c h w] to [n c (h·up + pads − taps) // down + 1, …], in the memory format of x.

    Args:
        x: images, any floating type.
        f: filter [height width], [taps] (separable, applied along both axes), or None for no filter.
        up: zeros are inserted so that the image grows by this factor; a number or (x, y).
        down: every down-th pixel is kept; a number or (x, y).
        padding: pixels of zeros around the enlarged image, negative to crop; a number, (x, y) or (x0, x1, y0, y1).
        flip_filter: False convolves (the filter is turned round), True correlates.
        gain: factor on the result.

    Raises:
        BadArgument: factors, padding or filter out of range, or nothing would be left of the image.
        BadTensor: x or f is no floating tensor.
    """
    require_images("upfirdn2d", x)
    up_x, up_y = pair("upfirdn2d", "up", up)
    down_x, down_y = pair("upfirdn2d", "down", down)
    px0, px1, py0, py1 = four_sides("upfirdn2d", padding)
    taps = filter_for("upfirdn2d", "f", f, x)
    geometry = (up_x, up_y, down_x, down_y, px0, px1, py0, py1)
    height, width = output_size(x.shape[2], x.shape[3], taps, geometry)
    if height < 1 or width < 1:
        raise BadArgument(
            f"upfirdn2d: nothing is left of {x.shape[2]}×{x.shape[3]} pixels after padding {[px0, px1, py0, py1]}"
            f" and a filter of {list(taps.shape)}; pad more or crop less"
        )
    return torch.ops.latentlab.upfirdn2d(x, taps, *geometry, bool(flip_filter), float(gain))


def pair(operator: str, name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """A factor as (x, y)."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2 or not all(isinstance(v, int) and v >= 1 for v in both):
        raise BadArgument(
            f"{operator}: {name} is {value}; pass a whole number of at least 1, or two as (x, y)"
        )
    return both[0], both[1]


def four_sides(operator: str, padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """Padding as (x0, x1, y0, y1)."""
    sides = (padding,) * 4 if isinstance(padding, int) else tuple(padding)
    if len(sides) == 2:
        sides = (sides[0], sides[0], sides[1], sides[1])
    if len(sides) != 4 or not all(isinstance(side, int) for side in sides):
        raise BadArgument(
            f"{operator}: padding is {padding}; pass a whole number, (x, y) or (x0, x1, y0, y1)"
        )
    return sides[0], sides[1], sides[2], sides[3]


def filter_for(operator: str, name: str, f: Tensor | None, x: Tensor) -> Tensor:
    """The filter in the precision of the sums: float64 for float64 images, else float32."""
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    if f is None:
        return torch.ones([1], device=x.device, dtype=dtype)
    require_floating(operator, name, f)
    if f.ndim not in (1, 2) or 0 in f.shape:
        raise BadArgument(f"{operator}: {name} has shape {list(f.shape)}; pass [taps] or [height width]")
    if f.requires_grad:
        raise BadArgument(
            f"{operator}: {name} asks for a gradient, which filters have not; pass {name}.detach()"
        )
    if f.device != x.device:
        raise BadArgument(f"{operator}: {name} is on {f.device}, x on {x.device}; move them to one device")
    return f.to(dtype).contiguous()


def output_size(height: int, width: int, taps: Tensor, geometry: Sequence[int]) -> tuple[int, int]:
    """(height, width) of the result; less than 1 where nothing is left."""
    up_x, up_y, down_x, down_y, px0, px1, py0, py1 = geometry
    tall, wide = taps.shape[0], taps.shape[-1]
    return (height * up_y + py0 + py1 - tall) // down_y + 1, (width * up_x + px0 + px1 - wide) // down_x + 1


def reference(
    x: Tensor,
    f: Tensor,
    up_x: int,
    up_y: int,
    down_x: int,
    down_y: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    flip: bool,
    gain: float,
) -> Tensor:
    """The definition, in plain PyTorch; half types are summed in single precision."""
    n, c, h, w = x.shape
    wide = x.to(f.dtype)

    wide = wide.reshape(n, c, h, 1, w, 1)
    wide = functional.pad(wide, [0, up_x - 1, 0, 0, 0, up_y - 1])
    wide = wide.reshape(n, c, h * up_y, w * up_x)
    wide = functional.pad(wide, [px0, px1, py0, py1])

    taps = f if flip else f.flip(list(range(f.ndim)))
    planes = wide.reshape(n * c, 1, *wide.shape[2:])
    if f.ndim == 1:
        planes = functional.conv2d(planes, taps[None, None, None, :], stride=(1, down_x))
        planes = functional.conv2d(planes, (taps * gain)[None, None, :, None], stride=(down_y, 1))
    else:
        planes = functional.conv2d(planes, (taps * gain)[None, None], stride=(down_y, down_x))

    y = planes.reshape(n, c, *planes.shape[2:]).to(x.dtype)
    return y.contiguous(memory_format=memory_format_of(x))


def memory_format_of(x: Tensor) -> torch.memory_format:
    """channels_last where x is laid out so (and not also plainly contiguous), else contiguous."""
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format


def upfirdn2d_op(
    x: Tensor,
    f: Tensor,
    up_x: int,
    up_y: int,
    down_x: int,
    down_y: int,
    px0: int,
    px1: int,
    py0: int,
    py1: int,
    flip: bool,
    gain: float,
) -> Tensor:
    kernels = native.kernels_for(x, "upfirdn2d")
    run = reference if kernels is None else kernels.upfirdn2d
    y = run(x, f, up_x, up_y, down_x, down_y, px0, px1, py0, py1, flip, gain)
    return y.clone() if y.data_ptr() == x.data_ptr() and y.numel() else y


def _upfirdn2d_shapes(x, f, up_x, up_y, down_x, down_y, px0, px1, py0, py1, flip, gain):
    height, width = output_size(x.shape[2], x.shape[3], f, (up_x, up_y, down_x, down_y, px0, px1, py0, py1))
    return torch.empty(
        (x.shape[0], x.shape[1], height, width),
        dtype=x.dtype,
        device=x.device,
        memory_format=memory_format_of(x),
    )


def _remember(ctx, inputs, output):
    x, f, *ctx.geometry, ctx.flip, ctx.gain = inputs
    ctx.size_in = x.shape[2:]
    ctx.size_out = output.shape[2:]
    ctx.save_for_backward(f)


def transposed(
    taps: Tensor, geometry: Sequence[int], size_in: Sequence[int], size_out: Sequence[int]
) -> tuple[int, ...]:
    """Geometry of the gradient: up and down exchanged, padding so that the sizes come back."""
    up_x, up_y, down_x, down_y, px0, _, py0, _ = geometry
    tall, wide = taps.shape[0], taps.shape[-1]
    return (
        down_x,
        down_y,
        up_x,
        up_y,
        wide - px0 - 1,
        size_in[1] * up_x - size_out[1] * down_x + px0 - up_x + 1,
        tall - py0 - 1,
        size_in[0] * up_y - size_out[0] * down_y + py0 - up_y + 1,
    )


def _backward(ctx, grad):
    (f,) = ctx.saved_tensors
    geometry = transposed(f, ctx.geometry, ctx.size_in, ctx.size_out)
    grad_x = torch.ops.latentlab.upfirdn2d(grad, f, *geometry, not ctx.flip, ctx.gain)
    return (grad_x, *(None,) * 11)


register("upfirdn2d", upfirdn2d_op, _upfirdn2d_shapes, Gradient(_backward, _remember))
