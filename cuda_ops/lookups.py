"""What shading reads at chosen pixels: painted maps, a shadow map, means over squares; no gradients.

On the CPU with native kernels one pass each, else plain operators; all tensors float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cuda_ops.errors import BadArgument
from cuda_ops.rasterize_library import CpuKernels, kernels_for


def sample(table: Tensor, side: int, places: Tensor) -> Tensor:
    """Painted maps between their texels (bilinear), clamped at the border.

    Args:
        table: [side * side (or more), channels], the texels row by row.
        side: of the square map, at least 2.
        places: [2, p], column and row in texels, a texel's middle being a whole number.

    Returns:
        [channels, p].

    Raises:
        BadArgument: wrong shapes or types.
    """
    _require("sample", "places", places, (2, -1))
    if side < 2 or table.dtype != torch.float32 or table.ndim != 2 or len(table) < side * side:
        raise BadArgument(
            f"sample: the table is {table.dtype} {list(table.shape)}; pass float32 [{side * side}, channels], side at least 2"
        )
    kernels = kernels_for(table)
    if isinstance(kernels, CpuKernels):
        out = table.new_empty(table.shape[1], places.shape[1])
        kernels.sample(table.contiguous(), places.contiguous(), out, side)
        return out
    return reference_sample(table, side, places)


def reference_sample(table: Tensor, side: int, places: Tensor) -> Tensor:
    """The definition of `sample`, in plain PyTorch."""
    x, y = places.clamp(0, side - 1.001)
    left, top = x.floor(), y.floor()
    fx, fy = x - left, y - top
    first = (top * side + left).long()
    rows = torch.stack([first, first + 1, first + side, first + side + 1], 1)
    weights = torch.stack([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy], 1)
    return torch.nn.functional.embedding_bag(
        rows, table, per_sample_weights=weights, mode="sum"
    ).T.contiguous()


def lit_share(height: Tensor, places: Tensor, image: Tensor) -> Tensor:
    """Share of a light that reaches places, by percentage-closer filtering (Reeves et al. 1987): a tent over 3 x 3 texels.

    Args:
        height: [n, side, side], of what is nearest to the light.
        places: [3, p], column and row in texels, and the height from which on a texel casts its shadow on the place; the
            shadow is full one unit above.
        image: int64 [p], which map; of a single map [1].

    Returns:
        [p], 0 in full shadow.

    Raises:
        BadArgument: wrong shapes or types.
    """
    _require("lit_share", "places", places, (3, -1))
    _require("lit_share", "height", height, (-1, height.shape[-1], -1))
    kernels = kernels_for(height)
    if isinstance(kernels, CpuKernels) and len(height) == 1:
        out = height.new_empty(places.shape[1])
        kernels.lit_share(height.contiguous(), places.contiguous(), out)
        return out
    return reference_lit_share(height, places, image)


def reference_lit_share(height: Tensor, places: Tensor, image: Tensor) -> Tensor:
    """The definition of `lit_share`, in plain PyTorch."""
    side, level = height.shape[-1], places[2]
    x, y = places[0].clamp(1, side - 2), places[1].clamp(1, side - 2)
    column, row = x.floor(), y.floor()
    fx, fy = x - column, y - row
    base = (row * side + column).long() + (image * side * side if len(height) > 1 else 0)
    nearest = height.flatten()

    def blocked(dx: int, dy: int) -> Tensor:
        return nearest.index_select(0, base + (dy * side + dx)).sub_(level).clamp_(0, 1)

    def blocked_row(dy: int) -> Tensor:
        return torch.lerp(blocked(-1, dy), blocked(1, dy), fx).add_(blocked(0, dy))

    # a tent over 3 x 3 texels as four corner pairs: the weights of neighbouring bilinear look-ups
    ends = torch.lerp(blocked_row(-1), blocked_row(1), fy)
    return (1 - (ends + blocked_row(0)) / 4).clamp_(0, 1)


def box_mean(values: Tensor, reach: int) -> Tensor:
    """Mean over the square of 2 reach + 1 pixels round each, as far as it lies inside; [n, h, w].

    Raises:
        BadArgument: wrong shapes or types, or a negative reach.
    """
    _require("box_mean", "values", values, (-1, -1, -1))
    if reach < 0:
        raise BadArgument(f"box_mean: reach is {reach}; pass at least 0")
    kernels = kernels_for(values)
    if isinstance(kernels, CpuKernels):
        out = torch.empty_like(values, memory_format=torch.contiguous_format)
        kernels.box_mean(values.contiguous(), out, reach)
        return out
    return reference_box_mean(values, reach)


def reference_box_mean(values: Tensor, reach: int) -> Tensor:
    """The definition of `box_mean`, in plain PyTorch: differences of running sums, one direction at a time."""
    for dim in (-1, -2):
        size = values.shape[dim]
        place = torch.arange(size, device=values.device)
        last, first = (place + reach).clamp(max=size - 1), (place - reach - 1).clamp(min=-1)
        total = torch.nn.functional.pad(values.double().cumsum(dim), (1, 0) if dim == -1 else (0, 0, 1, 0))
        count = (last - first).view(-1, *(1,) * (-1 - dim))
        values = (total.index_select(dim, last + 1) - total.index_select(dim, first + 1)).div_(count).float()
    return values


def _require(operator: str, name: str, value: Tensor, shape: tuple[int, ...]) -> None:
    fits = value.ndim == len(shape) and all(s in (-1, v) for s, v in zip(shape, value.shape, strict=True))
    if not fits or value.dtype != torch.float32:
        wanted = ", ".join("any" if size < 0 else str(size) for size in shape)
        raise BadArgument(f"{operator}: {name} is {value.dtype} {list(value.shape)}; pass float32 [{wanted}]")
