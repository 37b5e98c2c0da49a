"""Cast shadows (a shadow map with soft comparison) and crevices (depth against its blurred self; Luft et al. 2006)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, normalize

from cuda_ops.rasterize import rasterize

REACH = 14.5
"""Half the side of the shadow map in centimetres."""


def light_frame(direction: Tensor) -> Tensor:
    """Rotation into the light's view: its third row is the direction to the light, [n, 3, 3]."""
    up = torch.tensor([0.0, 1.0, 0.0], device=direction.device).expand_as(direction)
    right = normalize(torch.cross(up, direction, dim=1), dim=1, eps=1e-4)
    return torch.stack([right, torch.cross(direction, right, dim=1), direction], 1)


def lit_share(
    points: Tensor, triangles: Tensor, direction: Tensor, at: Tensor, image: Tensor, side: int, bias: Tensor
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

    spot = (at[:, None, :] @ frame[image].transpose(1, 2))[:, 0]
    x = (spot[:, 0] * scale + side / 2 - 0.5).clamp(1, side - 3)
    y = (side / 2 - spot[:, 1] * scale - 0.5).clamp(1, side - 3)
    left, top = x.floor(), y.floor()
    fx, fy = x - left, y - top
    base = image * side * side + (top * side + left).long()
    flat = nearest.flatten()
    level = spot[:, 2] + bias
    soft = 0.25
    total = torch.zeros_like(level)
    for dy, wy in ((-1, 1 - fy), (0, torch.ones_like(fy)), (1, torch.ones_like(fy)), (2, fy)):
        for dx, wx in ((-1, 1 - fx), (0, torch.ones_like(fx)), (1, torch.ones_like(fx)), (2, fx)):
            blocked = ((flat[base + dy * side + dx] - level) / soft).clamp(0, 1)
            total += blocked * (wx * wy)
    return (1 - total / 9).clamp(0, 1)


def crevices(depth: Tensor, covered: Tensor, centimetre: Tensor) -> Tensor:
    """Share of the ambient light that reaches each pixel; depth [n, h, w] (centimetres from the camera), [n, h, w]."""
    far = torch.where(covered, depth, torch.full_like(depth, 0)).flatten(1).amax(1)[:, None, None]
    filled = torch.where(covered, depth, torch.minimum(depth.clamp_min(0) + far, far))[:, None]
    side = depth.shape[-1]
    small = avg_pool2d(filled, 2) if side >= 128 else filled
    size = small.shape[-1]
    open_sky = torch.ones_like(small)
    pixels = float(centimetre.mean()) * size / side
    for radius, strength, limit in ((0.5, 0.55, 0.45), (1.6, 0.30, 0.55)):
        reach = max(1, round(radius * pixels))
        kernel = 2 * reach + 1
        mean = avg_pool2d(
            avg_pool2d(small, kernel, 1, reach, count_include_pad=False),
            kernel,
            1,
            reach,
            count_include_pad=False,
        )
        open_sky = open_sky * (1 - (strength * (small - mean)).clamp(0, limit))
    if size != side:
        open_sky = interpolate(open_sky, (side, side), mode="bilinear", align_corners=False)
    return open_sky[:, 0]
