"""Inference only: what follows a convolution of the synthesis network, in one pass over its output.

Nothing here has a gradient; callers check that none is asked for. On the CPU with native kernels these run as one pass
each, else as the plain operators they are made of. float32 and bfloat16 images, contiguous or channels_last; the
arithmetic is float32.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cuda_ops import native
from cuda_ops.errors import BadArgument
from cuda_ops.upfirdn2d import memory_format_of
from cuda_ops.upfirdn2d import reference as resampled


def modulated_tail(
    y: Tensor,
    demodulation: Tensor | None = None,
    noise: Tensor | None = None,
    strength: float = 0.0,
    bias: Tensor | None = None,
    slope: float = 0.2,
    gain: float = math.sqrt(2),
    clamp: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """clamp(lrelu(y · demodulation + noise · strength + bias) · gain), [n c h w].

    Args:
        y: a convolution's output [n c h w].
        demodulation: factors [n c], or None.
        noise: float maps [h w], [n h w] or [n 1 h w] (n may be 1), or None.
        strength: factor on the noise.
        bias: [c], or None.
        slope: of the negative side; 1 is linear.
        gain: factor after the activation.
        clamp: largest magnitude of the result; None means no limit.
        out: where to write, in shape and type like y and of either memory format; y itself works in place.

    Raises:
        BadArgument: shapes that do not fit.
    """
    _check("modulated_tail", y, y.shape, demodulation, noise, bias, out)
    limit = -1.0 if clamp is None else float(clamp)
    kernels = _kernels(y, "modulated_tail")
    if kernels is not None:
        out = torch.empty_like(y, memory_format=memory_format_of(y)) if out is None else out
        kernels.modulated_tail(y, out, demodulation, _map(noise), strength, bias, slope, gain, limit)
        return out
    return _into(
        out, finished(y.float(), demodulation, noise, strength, bias, slope, gain, limit).to(y.dtype)
    )


def fir_tail(
    y: Tensor,
    f: Tensor,
    padding: tuple[int, int] = (1, 1),
    fir_gain: float = 4.0,
    demodulation: Tensor | None = None,
    noise: Tensor | None = None,
    strength: float = 0.0,
    bias: Tensor | None = None,
    slope: float = 0.2,
    gain: float = math.sqrt(2),
    clamp: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """`modulated_tail` of the filtered y: what follows the transposed convolution that doubles the size.

    Args:
        y: the transposed convolution's output [n c h w].
        f: filter [taps] or an outer product [height width], turned round before use (a convolution).
        padding: pixels of zeros (before, after) on both axes; (1, 1) takes 2h + 1 to 2h for 4 taps.
        fir_gain: factor on the filter; 4 makes good for the inserted zeros.
        noise, out: of the filtered size; the rest as in `modulated_tail`.

    Raises:
        BadArgument: shapes that do not fit.
    """
    size = [
        side + sum(padding) - taps + 1
        for side, taps in zip(y.shape[2:], (f.shape[0], f.shape[-1]), strict=True)
    ]
    shape = (*y.shape[:2], *size)
    _check("fir_tail", y, shape, demodulation, noise, bias, out)
    limit = -1.0 if clamp is None else float(clamp)
    kernels = _kernels(y, "fir_tail")
    if kernels is not None:
        if out is None:
            out = torch.empty(shape, dtype=y.dtype, memory_format=memory_format_of(y))
        kernels.fir_tail(
            y, out, f, *padding, fir_gain, demodulation, _map(noise), strength, bias, slope, gain, limit
        )
        return out
    filtered = resampled(y.float(), f.float(), 1, 1, 1, 1, *padding, *padding, False, fir_gain)
    return _into(out, finished(filtered, demodulation, noise, strength, bias, slope, gain, limit).to(y.dtype))


def skip_add(
    image: Tensor,
    rgb: Tensor,
    f: Tensor,
    bias: Tensor | None = None,
    clamp: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """upsample2d(image, f) + clamp(rgb + bias): the colour image so far, doubled, plus a layer's own.

    Args:
        image: float32 [n c h w].
        rgb: float32 or bfloat16 [n c 2h 2w].
        f: filter [taps] or [height width] as for `upsample2d`.
        bias: [c], or None.
        clamp: largest magnitude of rgb + bias; None means no limit.
        out: where to write, contiguous float32 [n c 2h 2w].

    Raises:
        BadArgument: shapes that do not fit.
    """
    shape = (*image.shape[:2], 2 * image.shape[2], 2 * image.shape[3])
    if tuple(rgb.shape) != shape or image.dtype != torch.float32:
        raise BadArgument(
            f"skip_add: image is {image.dtype} {list(image.shape)}, rgb {list(rgb.shape)}; pass float32 [n c h w] and [n c 2h 2w]"
        )
    if f.shape[0] != f.shape[-1]:
        raise BadArgument(f"skip_add: f has shape {list(f.shape)}; pass [taps] or a square filter")
    limit = -1.0 if clamp is None else float(clamp)
    taps = f.shape[0]
    padding = ((taps + 1) // 2, (taps - 2) // 2)
    kernels = _kernels(rgb, "skip_add")
    if kernels is not None and (out is None or (out.is_contiguous() and out.dtype == torch.float32)):
        out = torch.empty(shape, dtype=torch.float32) if out is None else out
        kernels.skip_add(image, rgb, out, f, *padding, 4.0, bias, limit)
        return out
    colour = rgb.float() if bias is None else rgb.float() + bias.float()[:, None, None]
    colour = colour if limit < 0 else colour.clamp(-limit, limit)
    enlarged = resampled(image, f.float(), 2, 2, 1, 1, *padding, *padding, False, 4.0)
    return _into(out, enlarged + colour)


def finished(
    v: Tensor,
    demodulation: Tensor | None,
    noise: Tensor | None,
    strength: float,
    bias: Tensor | None,
    slope: float,
    gain: float,
    clamp: float,
) -> Tensor:
    """The definition of the pointwise tail, in plain PyTorch; clamp < 0 is none."""
    if demodulation is not None:
        v = v * demodulation.float()[:, :, None, None]
    if noise is not None:
        mapped = _map(noise)
        assert mapped is not None
        v = v + (mapped.float() * strength).reshape(-1, 1, *mapped.shape[-2:])
    if bias is not None:
        v = v + bias.float()[:, None, None]
    v = torch.where(v > 0, v, v * slope) * gain
    return v if clamp < 0 else v.clamp(-clamp, clamp)


def _map(noise: Tensor | None) -> Tensor | None:
    """Noise as [h w] or [n h w]."""
    return noise[:, 0] if noise is not None and noise.ndim == 4 else noise


def _kernels(y: Tensor, operator: str):
    if y.device.type != "cpu" or y.dtype not in (torch.float32, torch.bfloat16):
        return None
    return native.kernels_for(y, operator)


def _into(out: Tensor | None, value: Tensor) -> Tensor:
    return value if out is None else out.copy_(value)


def _check(
    operator: str,
    y: Tensor,
    shape: tuple[int, ...],
    demodulation: Tensor | None,
    noise: Tensor | None,
    bias: Tensor | None,
    out: Tensor | None,
) -> None:
    n, c, h, w = shape
    if min(h, w) < 1:
        raise BadArgument(f"{operator}: nothing is left of y {list(y.shape)}; pad more")
    if demodulation is not None and tuple(demodulation.shape) != (n, c):
        raise BadArgument(f"{operator}: demodulation has shape {list(demodulation.shape)}; pass {[n, c]}")
    if bias is not None and tuple(bias.shape) != (c,):
        raise BadArgument(f"{operator}: bias has shape {list(bias.shape)}; pass {[c]}")
    if noise is not None:
        fits = tuple(noise.shape[-2:]) == (h, w) and (
            noise.ndim == 2
            or (noise.ndim == 3 and noise.shape[0] in (1, n))
            or (noise.ndim == 4 and noise.shape[0] in (1, n) and noise.shape[1] == 1)
        )
        if not fits:
            raise BadArgument(
                f"{operator}: noise has shape {list(noise.shape)}; pass {[h, w]} or {[n, h, w]}"
            )
    if out is not None:
        dense = out.is_contiguous() or out.is_contiguous(memory_format=torch.channels_last)
        if tuple(out.shape) != (n, c, h, w) or out.dtype != y.dtype or not dense:
            raise BadArgument(
                f"{operator}: out is {out.dtype} {list(out.shape)}; pass dense {y.dtype} {[n, c, h, w]}"
            )
