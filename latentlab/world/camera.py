"""Pose, perspective and the FFHQ framing of a head (alignment of Karras et al. 2019, taken into the camera)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.head import rotation

PIVOT = (0.0, 1.0, 1.0)
"""Where head meets spine, roughly: the point the pose turns about."""


@dataclass(frozen=True, eq=False)
class Camera:
    """From a face's own frame to pixels."""

    turn: Tensor
    """Rotation of the head, [n, 3, 3]."""
    distance: Tensor
    """Camera to pivot in centimetres, [n]."""
    matrix: Tensor
    """From the perspective plane (y up, centimetres at the pivot) to the unit square (y down), [n, 2, 3]."""

    def place(self, points: Tensor, bend: Tensor | None = None) -> Tensor:
        """Own frame to camera frame (x right, y up, z to the camera), [n, v, 3]; bend [v]: share of the turn (neck)."""
        pivot = points.new_tensor(PIVOT)
        turned = (points - pivot) @ self.turn.transpose(1, 2)
        if bend is None:
            return turned
        return torch.lerp(points - pivot, turned, bend[None, :, None])

    def project(self, placed: Tensor, size: int) -> Tensor:
        """Camera frame to (x, y) pixels of a size x size picture and depth (centimetres), [n, v, 3]."""
        depth = self.distance[:, None] - placed[..., 2]
        plane = placed[..., :2] * (self.distance[:, None] / depth.clamp_min(1e-3))[..., None]
        spot = torch.baddbmm(self.matrix[:, None, :, 2], plane, self.matrix[:, :, :2].transpose(1, 2)) * size
        return torch.cat([spot, depth[..., None]], 2)


def aim(table: dict[str, Tensor], landmarks: Tensor) -> Camera:
    """The camera that frames these landmarks (own frame, [n, 68, 3]) as the FFHQ recipe crops photos."""
    yaw, pitch, roll = (torch.deg2rad(table[name]) for name in ("yaw", "pitch", "roll"))
    turn = rotation(yaw, -pitch, -roll)
    distance = table["distance"]
    blank = torch.zeros(len(distance), 2, 3, device=distance.device)
    blank[:, 0, 0], blank[:, 1, 1] = 1.0, -1.0
    raw = Camera(turn, distance, blank)
    points = raw.project(raw.place(landmarks), 1)[..., :2]  # y down, centimetres
    return Camera(turn, distance, _frame(points, table) @ _flip(blank))


def _flip(blank: Tensor) -> Tensor:
    last = torch.zeros_like(blank[:, :1])
    last[:, :, 2] = 1
    return torch.cat([blank, last], 1)


def _frame(points: Tensor, table: dict[str, Tensor]) -> Tensor:
    """The similarity from plane to unit square that the aligned crop is, [n, 2, 3]."""
    left, right = points[:, 36:42].mean(1), points[:, 42:48].mean(1)
    eyes, mouth = (left + right) / 2, (points[:, 48] + points[:, 54]) / 2
    between, down = right - left, mouth - eyes
    axis = between - torch.stack([-down[:, 1], down[:, 0]], 1)
    axis = axis / axis.norm(dim=1, keepdim=True)
    half = torch.maximum(between.norm(dim=1) * 2.0, down.norm(dim=1) * 1.8) / table["zoom"]
    centre = eyes + down * 0.1

    x, y = axis[:, 0], axis[:, 1]
    scale = 0.5 / half
    turn = torch.stack([torch.stack([x, y], 1), torch.stack([-y, x], 1)], 1) * scale[:, None, None]  # [n 2 2]
    offset = 0.5 + table["shift"] - (turn @ centre[..., None])[..., 0]
    return torch.cat([turn, offset[..., None]], 2)
