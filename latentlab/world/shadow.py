"""Cast shadows (a shadow map with soft comparison) and crevices (depth against its blurred self; Luft et al. 2006)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, normalize

from cuda_ops.rasterize import rasterize

REACH = 14.5
"""Half the side of the shadow map in centimetres."""
CROP = 25.5
"""Side of an aligned crop in centimetres, about."""
BIAS, SOFT = 0.25, 0.25
"""Centimetres a blocker has to lie nearer to the light, and over which the shadow then sets in."""


def light_frame(direction: Tensor) -> Tensor:
    """Rotation into the light's view: its third row is the direction to the light, [n, 3, 3]."""
    up = torch.tensor([0.0, 1.0, 0.0], device=direction.device).expand_as(direction)
    right = normalize(torch.cross(up, direction, dim=1), dim=1, eps=1e-4)
    return torch.stack([right, torch.cross(direction, right, dim=1), direction], 1)


def lit_share(
    points: Tensor, triangles: Tensor, direction: Tensor, at: Tensor, image: Tensor, side: int
) -> Tensor:
    """Share of the key light that reaches pixels at [p, 3] (camera frame), 0 in full shadow, [p]."""
    frame = light_frame(direction)
    seen = points @ frame.transpose(1, 2)
    scale = side / (2 * REACH)
    canvas = torch.stack(
        [seen[..., 0] * scale + side / 2, side / 2 - seen[..., 1] * scale, 100 - seen[..., 2]], 2
    )
    _, inverse = rasterize(canvas.contiguous(), triangles, side, side)
    nearest = torch.where(
        inverse > 0, 100 - 1 / inverse.clamp_min(1e-6), torch.full_like(inverse, -50.0)
    )  # height to light

    spot = _into(at, frame, image)
    x = (spot[:, 0] * scale + side / 2).clamp(1, side - 2)
    y = (side / 2 - spot[:, 1] * scale).clamp(1, side - 2)
    column, row = x.floor(), y.floor()
    fx, fy = x - column, y - row
    base = (
        (row * side + column).long()
        if len(points) == 1
        else image * side * side + (row * side + column).long()
    )
    level = spot[:, 2] + BIAS
    soft, level = nearest.flatten() / SOFT, level / SOFT

    def blocked(dx: int, dy: int) -> Tensor:
        return (soft[base + (dy * side + dx)] - level).clamp(0, 1)

    # a tent over 3 x 3 texels as four corner pairs: the weights of neighbouring bilinear look-ups
    top = blocked(-1, -1) * (1 - fx) + blocked(0, -1) + blocked(1, -1) * fx
    middle = blocked(-1, 0) * (1 - fx) + blocked(0, 0) + blocked(1, 0) * fx
    bottom = blocked(-1, 1) * (1 - fx) + blocked(0, 1) + blocked(1, 1) * fx
    return (1 - (top * (1 - fy) + middle + bottom * fy) / 4).clamp(0, 1)


def _into(at: Tensor, frame: Tensor, image: Tensor) -> Tensor:
    """Points [p, 3] in the frame of their picture."""
    if len(frame) == 1:
        return at @ frame[0].T
    return (frame[image] * at[:, None]).sum(2)


def crevices(depth: Tensor, covered: Tensor) -> Tensor:
    """Share of the ambient light that reaches each pixel; depth [n, h, w] (centimetres from the camera), [n, h, w]."""
    side = depth.shape[-1]
    far = torch.where(covered, depth, torch.zeros_like(depth)).flatten(1).amax(1)[:, None, None]
    filled = torch.where(covered, depth, far)[:, None]
    open_sky = torch.ones_like(filled)
    for radius, strength, limit, shrink in ((0.45, 0.55, 0.45, 2), (1.6, 0.30, 0.55, 4)):
        shrink = shrink if side >= 256 else 1
        small = avg_pool2d(filled, shrink) if shrink > 1 else filled
        reach = max(1, round(radius * small.shape[-1] / CROP))
        mean = _box(_box(small, reach), reach)
        shade = (strength * (small - mean)).clamp(0, limit)
        if shrink > 1:
            shade = interpolate(shade, (side, side), mode="bilinear", align_corners=False)
        open_sky = open_sky * (1 - shade)
    return open_sky[:, 0]


def _box(values: Tensor, reach: int) -> Tensor:
    """Mean over a square of 2 reach + 1 pixels, one direction at a time."""
    width = 2 * reach + 1
    rows = avg_pool2d(values, (1, width), 1, (0, reach), count_include_pad=False)
    return avg_pool2d(rows, (width, 1), 1, (reach, 0), count_include_pad=False)
