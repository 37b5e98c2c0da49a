"""The scalp: where hair grows, where the hairline runs, and how far the head reaches in every direction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentlab.world.head import Head
from latentlab.world.model import PARTS

ROOTS = 4200
GUIDES = 260
CENTRE = (0.0, 5.0, -0.3)
"""Middle of the skull, from which directions are measured."""

LINE = (
    (0, 10.5), (15, 10.6), (28, 10.2), (38, 9.2), (48, 7.7), (56, 6.9), (63, 5.4), (69, 2.9), (75, 2.5), (80, 5.0),
    (102, 5.2), (111, 4.0), (120, 1.5), (130, -0.8), (142, -2.2), (180, -3.2),
)  # fmt: skip
"""Height of the hairline (centimetres) by the angle round the head, 0 the front, 180 the nape."""


@dataclass(frozen=True, eq=False)
class Scalp:
    """Roots of hair and the shape they lie on, all in the rest frame."""

    corners: Tensor
    """The head's vertices round each root, int64 [r, 3]."""
    weights: Tensor
    """Their barycentric weights, [r, 3]."""
    root: Tensor
    """Rest position, [r, 3]."""
    outward: Tensor
    """Rest normal, [r, 3]."""
    margin: Tensor
    """Centimetres inside the hairline, [r]."""
    guide: Tensor
    """Which root leads the lock that a root belongs to, int64 [r]."""
    chance: Tensor
    """Uniform random numbers, [r, 4]."""
    reach: Tensor
    """Distance from `CENTRE` to the surface by direction, [1, 1, 64, 128] (polar angle by azimuth)."""
    fit: Tensor
    """Pseudo-inverse for the affine map from the rest skull to a deformed one, [4, k]."""
    fitted: Tensor
    """The vertices it is fitted to, int64 [k]."""

    def thin(self, count: int) -> Scalp:
        """The first roots only (they are in random order)."""
        guides = torch.where(self.guide < count, self.guide, self.guide % max(1, min(GUIDES, count)))
        return Scalp(
            self.corners[:count], self.weights[:count], self.root[:count], self.outward[:count], self.margin[:count],
            guides[:count], self.chance[:count], self.reach, self.fit, self.fitted,
        )  # fmt: skip


def angle_round_head(x: Tensor, z: Tensor) -> Tensor:
    """0 at the front, 180 at the nape, degrees."""
    return torch.rad2deg(torch.atan2(x.abs(), z))


def hairline_margin(height: Tensor, angle: Tensor) -> Tensor:
    """Centimetres above the hairline (negative: outside) at a height and an angle round the head."""
    angles = torch.tensor([a for a, _ in LINE], dtype=angle.dtype, device=angle.device)
    heights = torch.tensor([h for _, h in LINE], dtype=angle.dtype, device=angle.device)
    above = torch.bucketize(angle.contiguous(), angles).clamp(1, len(LINE) - 1)
    low, high = angles[above - 1], angles[above]
    share = (angle - low) / (high - low)
    line = torch.lerp(heights[above - 1], heights[above], share)
    steep = torch.where((angle > 60) & (angle < 125), 0.45, 0.85)
    return (height - line) * steep


def recession(table: dict[str, Tensor]) -> Tensor:
    """How far the hairline has gone back, 0..1, [n]."""
    aged = ((table["age"] - 28) / 50).clamp(0, 1) * (0.12 + 0.33 * (table["presentation"] + 1) / 2)
    return (aged + 0.75 * table["hairline"]).clamp(-0.05, 0.9)


def receded(height: Tensor, angle: Tensor, amount: Tensor) -> Tensor:
    """How much of the margin a recession takes at each place (temples first, then the crown), centimetres."""
    front = torch.exp(-(((angle - 32) / 20) ** 2)) + 0.35 * torch.exp(-((angle / 22) ** 2))
    high = ((height - 9.0) / 3.0).clamp(0, 1)
    late = (amount - 0.35).clamp_min(0)
    return amount * 3.2 * front + late * 9.0 * high


def prepare_scalp(head: Head) -> Scalp:
    """Scatters the roots; the same every time."""
    random = np.random.default_rng(12)
    corners = head.triangles.long()
    uv = head.texcoords[head.triangles_uv.long()].mean(1)
    ears = (uv[:, 0].sub(0.5).abs() > 0.425) & (uv[:, 0] < 1) & (uv[:, 1] > 0.44) & (uv[:, 1] < 0.70)
    middle = head.rest[corners].mean(1)
    skull = head.triangle_part <= PARTS.index("head")
    hairy = skull & ~ears & (_margin(middle) > -0.6) & (middle[:, 1] > -4)
    faces = corners[hairy]

    a, b, c = head.rest[faces].unbind(1)
    normal = torch.cross(b - a, c - a, dim=1)
    area = normal.norm(dim=1)
    picked = random.choice(
        len(faces), ROOTS, p=(area / area.sum()).double().numpy() / float((area / area.sum()).double().sum())
    )
    u, v = random.uniform(size=(2, ROOTS))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    weights = torch.from_numpy(np.stack([1 - u - v, u, v], 1)).float()
    chosen = torch.from_numpy(picked)
    root = (head.rest[faces[chosen]] * weights[..., None]).sum(1)
    nearest = torch.cdist(root, root[:GUIDES]).argmin(1)

    skull_vertices = torch.unique(corners[skull & ~ears])
    skull_vertices = skull_vertices[(head.rest[skull_vertices, 1] > -2)]
    fitted = skull_vertices[_margin(head.rest[skull_vertices]) > -1.0][::4]
    ones = torch.cat([head.rest[fitted], torch.ones(len(fitted), 1)], 1)
    return Scalp(
        corners=faces[chosen], weights=weights, root=root,
        outward=torch.nn.functional.normalize(normal[chosen], dim=1), margin=_margin(root), guide=nearest,
        chance=torch.from_numpy(random.uniform(size=(ROOTS, 4))).float(),
        reach=_reach(head.rest[torch.unique(corners[skull & ~ears])]), fit=torch.linalg.pinv(ones), fitted=fitted,
    )  # fmt: skip


def _margin(points: Tensor) -> Tensor:
    """The margin at places in the rest frame, [p, 3]."""
    return hairline_margin(points[:, 1], angle_round_head(points[:, 0], points[:, 2]))


def _reach(points: Tensor) -> Tensor:
    from scipy.interpolate import griddata
    from scipy.ndimage import gaussian_filter

    offset = (points - torch.tensor(CENTRE)).numpy().astype(np.float64)
    radius = np.linalg.norm(offset, axis=1)
    near = (radius < 16) & (offset[:, 1] > -9)
    offset, radius = offset[near], radius[near]
    polar, azimuth = np.arccos(offset[:, 1] / radius), np.arctan2(offset[:, 0], offset[:, 2])
    wrapped = np.concatenate([azimuth - 2 * np.pi, azimuth, azimuth + 2 * np.pi])
    grid = np.meshgrid(
        (np.arange(64) + 0.5) / 64 * np.pi, ((np.arange(128) + 0.5) / 64 - 1) * np.pi, indexing="ij"
    )
    values = griddata((np.tile(polar, 3), wrapped), np.tile(radius, 3), tuple(grid), method="nearest")
    return torch.from_numpy(gaussian_filter(values, 1.5, mode=("nearest", "wrap"))).float()[None, None]


def surface_radius(scalp: Scalp, offset: Tensor, length: Tensor) -> Tensor:
    """Distance from the centre to the head's surface in the direction of offset [3, ...] of that length [...]."""
    polar = torch.acos((offset[1] / length.clamp_min(1e-6)).clamp_(-1, 1)).mul_(2 / math.pi).sub_(1)
    azimuth = torch.atan2(offset[0], offset[2]).mul_(1 / math.pi)
    grid = torch.stack([azimuth, polar], -1).reshape(1, 1, -1, 2)
    values = torch.nn.functional.grid_sample(scalp.reach, grid, align_corners=False, padding_mode="border")
    return values.reshape(length.shape)
