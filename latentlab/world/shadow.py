"""Cast shadows (a shadow map with soft comparison) and crevices (depth against its blurred self; Luft et al. 2006)."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class ShadowMap:
    """What is nearest to the key light."""

    frame: Tensor
    """Into the light's view, [n, 3, 3]."""
    height: Tensor
    """Of what is nearest to the light, in units of `SOFT`, [n, side, side]."""

    def lit_share(self, at: Tensor, image: Tensor, rows: slice) -> Tensor:
        """Share of the key light that reaches places of some faces, [3, p] (camera frame), 0 in full shadow, [p]."""
        side, frame = self.height.shape[-1], self.frame[rows]
        scale = side / (2 * REACH)
        spot = frame[0] @ at if len(frame) == 1 else (frame.permute(1, 2, 0)[:, :, image] * at).sum(1)
        x = (spot[0] * scale + side / 2).clamp_(1, side - 2)
        y = (side / 2 - spot[1] * scale).clamp_(1, side - 2)
        column, row = x.floor(), y.floor()
        fx, fy = x - column, y - row
        base = (row * side + column).long()
        if len(frame) > 1:
            base = base + image * side * side
        level = (spot[2] + BIAS) / SOFT
        nearest = self.height[rows].flatten()

        def blocked(dx: int, dy: int) -> Tensor:
            return nearest.index_select(0, base + (dy * side + dx)).sub_(level).clamp_(0, 1)

        def blocked_row(dy: int) -> Tensor:
            return torch.lerp(blocked(-1, dy), blocked(1, dy), fx).add_(blocked(0, dy))

        # a tent over 3 x 3 texels as four corner pairs: the weights of neighbouring bilinear look-ups
        ends = torch.lerp(blocked_row(-1), blocked_row(1), fy)
        return (1 - (ends + blocked_row(0)) / 4).clamp_(0, 1)


def cast_shadows(points: Tensor, triangles: Tensor, direction: Tensor, side: int) -> ShadowMap:
    """The view from the key light: points [n, v, 3] in the camera's frame, direction [n, 3]."""
    frame = light_frame(direction)
    seen = points @ frame.transpose(1, 2)
    scale = side / (2 * REACH)
    canvas = torch.stack(
        [seen[..., 0] * scale + side / 2, side / 2 - seen[..., 1] * scale, 100 - seen[..., 2]], 2
    )
    _, inverse = rasterize(canvas.contiguous(), triangles, side, side)
    height = torch.where(inverse > 0, 100 - 1 / inverse.clamp_min(1e-6), -50.0)
    return ShadowMap(frame, height.div_(SOFT))


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
    """Mean over a square of 2 reach + 1 pixels, as differences of running sums, one direction at a time."""
    for dim in (-1, -2):
        size = values.shape[dim]
        place = torch.arange(size, device=values.device)
        last, first = (place + reach).clamp(max=size - 1), (place - reach - 1).clamp(min=-1)
        total = torch.nn.functional.pad(values.double().cumsum(dim), (1, 0) if dim == -1 else (0, 0, 1, 0))
        count = (last - first).view(-1, *(1,) * (-1 - dim))
        values = (total.index_select(dim, last + 1) - total.index_select(dim, first + 1)).div_(count).float()
    return values
