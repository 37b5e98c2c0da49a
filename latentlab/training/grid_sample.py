"""Bilinear sampling at the points of a grid whose gradient can itself be differentiated, as R1 on augmented images needs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample as plain


def grid_sample(images: Tensor, grid: Tensor) -> Tensor:
    """`grid_sample(…, "bilinear", "zeros", align_corners=False)`, differentiable any number of times in `images`.

    Args:
        images: [n c h w]
        grid: [n height width 2], x and y from -1 to 1 between the outer edges; it gets no gradient.
    """
    return _Gather.apply(images, grid.to(images.dtype))


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return plain(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _Scatter.apply(gradient, grid, ctx.shape), None


class _Scatter(torch.autograd.Function):
    """The transpose of `_Gather`: linear in the gradient, so its own gradient is `_Gather` again."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        images = gradient.new_empty(shape)
        back, _ = torch.ops.aten.grid_sampler_2d_backward(gradient, images, grid, 0, 0, False, [True, False])
        return back

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Gather.apply(gradient, grid), None, None
