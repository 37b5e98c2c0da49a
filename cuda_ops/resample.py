"""Filters and the three usual resamplings: the padding arithmetic over upfirdn2d (Karras et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cuda_ops.errors import BadArgument, require_floating
from cuda_ops.upfirdn2d import four_sides, pair, upfirdn2d

SEPARABLE_FROM = 8


def setup_filter(
    taps: Tensor | Sequence[float] | Sequence[Sequence[float]] | float | None,
    device: torch.device | str | None = None,
    normalize: bool = True,
    flip_filter: bool = False,
    gain: float = 1.0,
    separable: bool | None = None,
) -> Tensor:
    """A float32 filter for upfirdn2d, [taps] if separable, else [height width].

    Args:
        taps: filter values, one or two dimensions; a number or None gives a filter of one tap.
        device: where the filter lives.
        normalize: scale to a sum of one, so that constant images stay constant.
        flip_filter: turn the filter round.
        gain: factor on the two-dimensional filter (its root on each pass of a separable one).
        separable: keep one dimension; None keeps it from 8 taps on, where two passes are cheaper.

    Raises:
        BadArgument: no taps, more than two dimensions, a sum of zero to normalise, or a 2-D filter called separable.
    """
    f = torch.as_tensor(1.0 if taps is None else taps, dtype=torch.float32)
    if f.ndim > 2 or f.numel() == 0:
        raise BadArgument(
            f"setup_filter: taps have shape {list(f.shape)}; pass one or two dimensions with values"
        )
    f = f[None] if f.ndim == 0 else f
    if separable and f.ndim == 2:
        raise BadArgument(
            f"setup_filter: taps of shape {list(f.shape)} are not separable; pass one dimension"
        )
    if separable is None:
        separable = f.ndim == 1 and f.numel() >= SEPARABLE_FROM
    if f.ndim == 1 and not separable:
        f = f.ger(f)

    if normalize:
        if f.sum() == 0:
            raise BadArgument(
                "setup_filter: the taps sum to zero and cannot be normalised; pass normalize=False"
            )
        f = f / f.sum()
    if flip_filter:
        f = f.flip(list(range(f.ndim)))
    return (f * gain ** (f.ndim / 2)).to(device=device).contiguous()


def _size(f: Tensor | None) -> tuple[int, int]:
    """(width, height) of a filter."""
    if f is None:
        return 1, 1
    require_floating("resample", "f", f)
    return f.shape[-1], f.shape[0]


def filter2d(
    x: Tensor,
    f: Tensor | None,
    padding: int | Sequence[int] = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """Filter images [n c h w] and keep their size; padding comes on top of what keeps the size."""
    px0, px1, py0, py1 = four_sides("filter2d", padding)
    wide, tall = _size(f)
    sides = (px0 + wide // 2, px1 + (wide - 1) // 2, py0 + tall // 2, py1 + (tall - 1) // 2)
    return upfirdn2d(x, f, padding=sides, flip_filter=flip_filter, gain=gain)


def upsample2d(
    x: Tensor,
    f: Tensor | None,
    up: int | Sequence[int] = 2,
    padding: int | Sequence[int] = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """Enlarge images [n c h w] to [n c h·up w·up], mean brightness kept; padding comes on top."""
    up_x, up_y = pair("upsample2d", "up", up)
    px0, px1, py0, py1 = four_sides("upsample2d", padding)
    wide, tall = _size(f)
    sides = (
        px0 + (wide + up_x - 1) // 2,
        px1 + (wide - up_x) // 2,
        py0 + (tall + up_y - 1) // 2,
        py1 + (tall - up_y) // 2,
    )
    return upfirdn2d(x, f, up=(up_x, up_y), padding=sides, flip_filter=flip_filter, gain=gain * up_x * up_y)


def downsample2d(
    x: Tensor,
    f: Tensor | None,
    down: int | Sequence[int] = 2,
    padding: int | Sequence[int] = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """Shrink images [n c h w] to [n c h/down w/down]; padding comes on top."""
    down_x, down_y = pair("downsample2d", "down", down)
    px0, px1, py0, py1 = four_sides("downsample2d", padding)
    wide, tall = _size(f)
    sides = (
        px0 + (wide - down_x + 1) // 2,
        px1 + (wide - down_x) // 2,
        py0 + (tall - down_y + 1) // 2,
        py1 + (tall - down_y) // 2,
    )
    return upfirdn2d(x, f, down=(down_x, down_y), padding=sides, flip_filter=flip_filter, gain=gain)
