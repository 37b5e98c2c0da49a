"""Glasses: rims, bridge and temples as tubes, and the lenses between, placed by the landmarks."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentlab.world.factors import GLASSES_STYLES

RING = 40
SIDES = 5
SHAPES = {  # half width, half height, exponent of the superellipse, droop of the outer corner, tube radius
    "none": (2.5, 2.0, 2.0, 0.0, 0.0),
    "round": (2.30, 2.20, 2.0, 0.0, 0.10),
    "rectangular": (2.75, 1.65, 5.0, 0.05, 0.14),
    "aviator": (2.85, 2.35, 2.6, -0.35, 0.08),
    "browline": (2.65, 1.95, 3.2, 0.10, 0.13),
}


def build_glasses(table: dict[str, Tensor], landmarks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Tubes of the frame and rims of the lenses in the face's own frame.

    landmarks [n, 68, 3] -> frame points [n, v, 3], their normals [n, v, 3], lens points [n, 2 * (RING + 1), 3]."""
    style = table["glasses"]
    shapes = torch.tensor([SHAPES[name] for name in GLASSES_STYLES], device=landmarks.device)[style]
    half_width, half_height, power, droop, radius = (shapes[:, i] for i in range(5))
    eyes = (landmarks[:, 36:42].mean(1), landmarks[:, 42:48].mean(1))
    apart = ((eyes[1] - eyes[0]).norm(dim=1) / 6.3).clamp(0.8, 1.25)
    bridge = landmarks[:, 28]
    front = torch.maximum(bridge[:, 2] - 0.25, torch.maximum(eyes[0][:, 2], eyes[1][:, 2]) + 1.35)

    angle = torch.arange(RING, device=landmarks.device) / RING * 6.28318
    cosine, sine = angle.cos(), angle.sin()
    bend = (2 / power)[:, None]
    wide = cosine.sign() * cosine.abs() ** bend * (half_width * apart)[:, None]
    high = sine.sign() * sine.abs() ** bend * (half_height * apart)[:, None]
    rings, temples = [], []
    for side, eye in zip((-1.0, 1.0), eyes, strict=True):
        x = eye[:, :1] + side * 0.12 + wide
        y = eye[:, 1:2] - 0.25 + high + droop[:, None] * (side * wide / 2.8) * (high < 0)
        z = front[:, None] - 0.035 * x.square() + 0.25
        rings.append(torch.stack([x, y, z], 2))
        ear = landmarks[:, 16 if side > 0 else 0]
        hinge = torch.stack(
            [
                eye[:, 0] + side * (0.12 + half_width * apart),
                eye[:, 1] + 0.35,
                front - 0.035 * (eye[:, 0].abs() + half_width) ** 2 + 0.2,
            ],
            1,
        )
        end = torch.stack([ear[:, 0] + side * 0.75, ear[:, 1] + 0.9, ear[:, 2] - 3.6], 1)
        out = torch.stack(
            [
                torch.maximum((ear[:, 0] * side + 0.55), hinge[:, 0] * side) * side,
                hinge[:, 1],
                hinge[:, 2] - 1.4,
            ],
            1,
        )
        t = torch.linspace(0, 1, 10, device=landmarks.device)[None, :, None]
        temples.append(hinge[:, None] * (1 - t) ** 2 + 2 * out[:, None] * t * (1 - t) + end[:, None] * t**2)
    inner = [rings[0][:, 3], rings[1][:, RING // 2 - 3]]
    t = torch.linspace(0, 1, 8, device=landmarks.device)[None, :, None]
    middle = (inner[0] + inner[1]) / 2 + landmarks.new_tensor([0.0, 0.35, 0.35])
    arch = inner[0][:, None] * (1 - t) ** 2 + 2 * middle[:, None] * t * (1 - t) + inner[1][:, None] * t**2

    thick = radius[:, None] * torch.ones(1, RING, device=landmarks.device)
    brow = 1 + 1.3 * (style == GLASSES_STYLES.index("browline"))[:, None] * (
        high / (half_height * apart)[:, None]
    ).clamp(0, 1)
    tubes = [
        _tube(torch.cat([r, r[:, :1]], 1), torch.cat([thick * brow, (thick * brow)[:, :1]], 1)) for r in rings
    ]
    tubes += [_tube(path, radius[:, None].expand(-1, path.shape[1])) for path in (*temples, arch)]
    points = torch.cat([p for p, _ in tubes], 1)
    normals = torch.cat([n for _, n in tubes], 1)
    lenses = torch.cat([torch.cat([r.mean(1, keepdim=True), r], 1) for r in rings], 1)
    return points, normals, lenses


def _tube(path: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
    """A tube round a path [n, k, 3] with radii [n, k]: points and normals [n, k * SIDES, 3]."""
    ahead = torch.cat(
        [path[:, 1:2] - path[:, :1], path[:, 2:] - path[:, :-2], path[:, -1:] - path[:, -2:-1]], 1
    )
    tangent = normalize(ahead, dim=2, eps=1e-6)
    guide = torch.tensor([0.13, 0.31, 0.94], device=path.device).expand_as(tangent)
    guide = torch.where(
        (tangent[..., 2:].abs() > 0.8),
        torch.tensor([0.1, 0.99, 0.0], device=path.device).expand_as(tangent),
        guide,
    )
    one = normalize(torch.cross(tangent, guide, dim=2), dim=2, eps=1e-6)
    two = torch.cross(tangent, one, dim=2)
    angle = torch.arange(SIDES, device=path.device) / SIDES * 6.28318
    normal = one[:, :, None] * angle.cos()[:, None] + two[:, :, None] * angle.sin()[:, None]
    points = path[:, :, None] + normal * radius[:, :, None, None]
    return points.flatten(1, 2), normal.flatten(1, 2)


@lru_cache(maxsize=2)
def frame_triangles() -> Tensor:
    """int32 [t, 3] for the points of `build_glasses`."""
    triangles, start = [], 0
    for count in (RING + 1, RING + 1, 10, 10, 8):
        grid = start + torch.arange(count * SIDES).view(count, SIDES)
        nxt = torch.roll(grid, -1, 1)
        a, b, c, d = grid[:-1], nxt[:-1], grid[1:], nxt[1:]
        triangles += [torch.stack([a, b, c], -1).reshape(-1, 3), torch.stack([b, d, c], -1).reshape(-1, 3)]
        start += count * SIDES
    return torch.cat(triangles).int()


@lru_cache(maxsize=2)
def lens_triangles() -> Tensor:
    """int32 [t, 3] for the lens points of `build_glasses`."""
    rim = torch.arange(RING)
    fans = [
        torch.stack([torch.full_like(rim, s), s + 1 + rim, s + 1 + (rim + 1) % RING], 1)
        for s in (0, RING + 1)
    ]
    return torch.cat(fans).int()
