"""Pictures fetched from where a flow points, and flows at other sizes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


def warp(images: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Every pixel [n, c, h, w] fetched from `flow` [n, 2, h, w] pixels (x right, y down) away; borders repeat."""
    height, width = images.shape[-2:]
    down = torch.arange(height, device=images.device, dtype=images.dtype)[:, None] + flow[:, 1]
    across = torch.arange(width, device=images.device, dtype=images.dtype)[None] + flow[:, 0]
    grid = torch.stack([(across + 0.5) * 2 / width - 1, (down + 0.5) * 2 / height - 1], -1)
    return grid_sample(images, grid, mode=mode, padding_mode="border", align_corners=False)


def flow_at(flow: Tensor, size: int) -> Tensor:
    """The same flow for pictures of another size."""
    if flow.shape[-1] == size:
        return flow
    grown = interpolate(
        flow, (size, size), mode="bilinear", antialias=size < flow.shape[-1], align_corners=False
    )
    return grown * (size / flow.shape[-1])
