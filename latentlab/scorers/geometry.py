"""Pose, smile, mouth and eye opening from dlib's 68 landmarks: measures that were never trained here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Landmarks, Scores
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.scorers.pose import Pose, fit_pose, mean_face

EYES = "distances between the eyes"


@dataclass(frozen=True)
class Geometry(Scorer):
    """Measures of aligned faces by their landmarks; not differentiable.

    Lengths are shares of the distance between the eyes of the same picture, with the foreshortening of the fitted pose
    taken out, so that a turned head keeps its mouth's width.
    """

    strict: bool = True
    """NaN where no detector sees a face; otherwise the landmarks are looked for where aligned faces sit."""

    units: ClassVar[Mapping[str, str]] = {
        "landmark_yaw": "degrees",
        "landmark_pitch": "degrees",
        "landmark_roll": "degrees",
        "landmark_smile": EYES,
        "landmark_mouth_open": EYES,
        "landmark_eye_open": EYES,
    }
    names: ClassVar[tuple[str, ...]] = tuple(units)

    @property
    def hash(self) -> str:
        face = mean_face()
        content = repr((type(self).__name__, 1, self.strict, face.points.tolist(), face.weights.tolist()))
        return hashlib.sha256(content.encode()).hexdigest()

    def __call__(self, images: Images) -> Scores:
        seen = aligned_landmarks(images)
        scores = measure(seen.points).to(images.device)
        return scores.masked_fill(~seen.found[:, None], float("nan")) if self.strict else scores


def measure(landmarks: Landmarks) -> Scores:
    """The measures of `Geometry` [n 6] from 68 points."""
    if len(landmarks) == 0:
        return landmarks.new_zeros(0, len(Geometry.names))
    pose = fit_pose(landmarks)
    points = _frontal(landmarks, pose)
    eyes = (points[:, 42:48].mean(1) - points[:, 36:42].mean(1)).norm(dim=1)
    lengths = torch.stack([_smile(points), _mouth_open(points), _eye_open(points)], dim=1) / eyes[:, None]
    return torch.cat([torch.stack([pose.yaw, pose.pitch, pose.roll], dim=1), lengths], dim=1)


def _frontal(landmarks: Landmarks, pose: Pose) -> Landmarks:
    """The points with the roll turned back, widths divided by cos yaw and heights by cos pitch."""
    roll, yaw, pitch = (torch.deg2rad(angle)[:, None] for angle in (pose.roll, pose.yaw, pose.pitch))
    x, y = landmarks[..., 0], landmarks[..., 1]
    across = (x * roll.cos() + y * roll.sin()) / yaw.cos().clamp_min(0.3)
    down = (y * roll.cos() - x * roll.sin()) / pitch.cos().clamp_min(0.3)
    return torch.stack([across, down], dim=-1)


def _smile(points: Landmarks) -> Tensor:
    """Width of the mouth plus how far its corners stand above the middle of the lips' line."""
    corners = (points[:, 48] + points[:, 54]) / 2
    middle = (points[:, 62] + points[:, 66]) / 2
    return (points[:, 54] - points[:, 48]).norm(dim=1) + (middle - corners)[:, 1]


def _mouth_open(points: Landmarks) -> Tensor:
    """Mean gap between the inner borders of the lips."""
    return (points[:, [67, 66, 65]] - points[:, [61, 62, 63]]).norm(dim=-1).mean(1)


def _eye_open(points: Landmarks) -> Tensor:
    """Mean gap between the lids of both eyes."""
    return (points[:, [41, 40, 47, 46]] - points[:, [37, 38, 43, 44]]).norm(dim=-1).mean(1)
