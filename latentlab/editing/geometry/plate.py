"""A smooth warp through points: the thin-plate spline (Bookstein 1989)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.warp import flow_at

GRID = 96
"""The spline is evaluated at so many places a side; between them it is smooth enough."""


def plate(source: Tensor, goal: Tensor, size: int, stiffness: float = 1e-3) -> Tensor:
    """The flow [1 2 s s] that fetches a picture's points `source` [k 2] to `goal` [k 2], all in pixels of that size.

    `stiffness` lets the spline miss points a little instead of folding between two that lie close together.
    """
    from scipy.interpolate import RBFInterpolator

    start, end = (points.detach().cpu().double().numpy() / size for points in (source, goal))
    spline = RBFInterpolator(end, start - end, kernel="thin_plate_spline", smoothing=stiffness)
    along = (np.arange(GRID) + 0.5) / GRID
    places = np.stack(np.meshgrid(along, along), -1).reshape(-1, 2)
    moved = spline(places).reshape(GRID, GRID, 2) * GRID
    flow = torch.from_numpy(moved).permute(2, 0, 1)[None].float()
    return flow_at(flow, size)


def area(flow: Tensor) -> Tensor:
    """How much of the source each pixel shows, 1 where nothing is stretched: [1 1 s s]."""
    across, down = torch.gradient(flow, dim=3)[0], torch.gradient(flow, dim=2)[0]
    return ((1 + across[:, :1]) * (1 + down[:, 1:]) - across[:, 1:] * down[:, :1]).clamp_min(0)
