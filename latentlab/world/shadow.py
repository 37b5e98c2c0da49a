"""Cast shadows (a shadow map with soft comparison) and crevices (depth against its blurred self; Luft et al. 2006)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, normalize

from cuda_ops.lookups import box_mean, lit_share
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
        spot[0].mul_(scale).add_(side / 2)
        spot[1].mul_(-scale).add_(side / 2)
        spot[2].add_(BIAS).div_(SOFT)
        return lit_share(self.height[rows], spot, image)


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
        mean = box_mean(box_mean(small[:, 0], reach), reach)[:, None]
        shade = (strength * (small - mean)).clamp(0, limit)
        if shrink > 1:
            shade = interpolate(shade, (side, side), mode="bilinear", align_corners=False)
        open_sky = open_sky * (1 - shade)
    return open_sky[:, 0]
