"""Pose from 68 points: the turn of a mean face that fits them best under weak perspective."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import torch
from torch import Tensor

from latentlab.core.errors import MissingPart
from latentlab.core.shapes import Landmarks

MEAN_FACE = "mean_face.json"


@dataclass(frozen=True, eq=False)
class MeanFace:
    """Where the 68 points of a detector lie on a mean head."""

    points: Tensor
    """[68 3], x to the picture's right, y up, z to the viewer; the eyes are 1 apart."""
    weights: Tensor
    """[68]: how steadily the detector sets each point while the head turns (inverse variance, mean 1)."""
    source: str
    """How the points were estimated."""


@dataclass(frozen=True, eq=False)
class Pose:
    """How the heads of a batch are turned, each [n]."""

    yaw: Tensor
    """Degrees, positive: the face turns to the picture's right."""
    pitch: Tensor
    """Degrees, positive: the face looks up."""
    roll: Tensor
    """Degrees, positive: clockwise in the picture."""
    scale: Tensor
    """Pixels between the eyes of a head that looks into the camera."""
    residual: Tensor
    """Root mean square distance of the points from the fit, as a share of `scale`."""


@cache
def mean_face() -> MeanFace:
    """The mean points that ship with the package."""
    place = files("latentlab.scorers") / MEAN_FACE
    if not place.is_file():
        raise MissingPart(f"{MEAN_FACE} is missing from the package; install latentlab again")
    entries = json.loads(place.read_text(encoding="utf-8"))
    return MeanFace(torch.tensor(entries["points"]), torch.tensor(entries["weights"]), entries["source"])


def fit_pose(landmarks: Landmarks, face: MeanFace | None = None, rounds: int = 60) -> Pose:
    """The rotations that bring the mean points nearest to these, with scale and shift free.

    Orthogonal iteration: points get the depth of the present fit, then the best similarity is known in closed form
    (Kabsch, Umeyama 1991); each round lowers the weighted squared distance in the picture.
    """
    face = face or mean_face()
    points = face.points.double().to(landmarks.device)
    weights = (face.weights / face.weights.sum()).double().to(landmarks.device)[:, None]  # [68 1]
    seen = landmarks.double() * landmarks.new_tensor([1.0, -1.0]).double()  # y up
    seen = seen - (weights * seen).sum(1, keepdim=True)
    body = points - (weights * points).sum(0)

    depth = torch.zeros_like(seen[..., :1])  # [n 68 1]
    turn, scale = _nearest(torch.cat([seen, depth], 2), body, weights)
    for _ in range(rounds):
        depth = scale[:, None, None] * (body @ turn.transpose(1, 2))[..., 2:]
        turn, scale = _nearest(torch.cat([seen, depth], 2), body, weights)

    left = scale[:, None, None] * (body @ turn.transpose(1, 2))[..., :2] - seen
    residual = (weights * left.square()).sum((1, 2)).sqrt() / scale
    yaw, pitch, roll = angles(turn)
    return Pose(*(value.to(landmarks.dtype) for value in (yaw, pitch, roll, scale, residual)))


def _nearest(target: Tensor, body: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Rotation [n 3 3] and scale [n] with target ≈ scale · body · rotationᵀ."""
    cross = target.transpose(1, 2) @ (weights * body)  # [n 3 3]
    u, s, v = torch.linalg.svd(cross)
    sign = torch.ones_like(s)
    sign[:, 2] = torch.sign(torch.linalg.det(u) * torch.linalg.det(v))
    turn = u @ (sign[..., None] * v)
    return turn, (s * sign).sum(1) / (weights * body.square()).sum()


def angles(turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Yaw, pitch and roll in degrees of rotations [n 3 3] = Rz(-roll) Ry(yaw) Rx(-pitch), y up, z to the viewer."""
    yaw = torch.asin((-turn[:, 2, 0]).clamp(-1, 1))
    pitch = torch.atan2(-turn[:, 2, 1], turn[:, 2, 2])
    roll = -torch.atan2(turn[:, 1, 0], turn[:, 0, 0])
    return torch.rad2deg(yaw), torch.rad2deg(pitch), torch.rad2deg(roll)


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Inverse of `angles`: [n 3 3] from degrees [n]."""
    y, p, r = torch.deg2rad(yaw), -torch.deg2rad(pitch), -torch.deg2rad(roll)
    one, nil = torch.ones_like(y), torch.zeros_like(y)
    about_y = torch.stack([y.cos(), nil, y.sin(), nil, one, nil, -y.sin(), nil, y.cos()], 1)
    about_x = torch.stack([one, nil, nil, nil, p.cos(), -p.sin(), nil, p.sin(), p.cos()], 1)
    about_z = torch.stack([r.cos(), -r.sin(), nil, r.sin(), r.cos(), nil, nil, nil, one], 1)
    return about_z.view(-1, 3, 3) @ about_y.view(-1, 3, 3) @ about_x.view(-1, 3, 3)
