"""Where dlib's 68 points lie on a mean head, estimated from renders of known pose (how `mean_face.json` was made)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.files import write_text
from latentlab.core.shapes import Landmarks
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.scorers.pose import MeanFace, rotation

ROUNDS = 40
LEAST_VARIANCE = 1e-3
"""Squared share of the eye distance; no point is trusted more than to some 3 % of it."""


def estimate(landmarks: Landmarks, yaw: Tensor, pitch: Tensor, start: Tensor, source: str = "") -> MeanFace:
    """The 3-D points [68 3] that, turned by known angles (degrees, [n]), best explain points [n 68 2] in pictures.

    In turn: each picture's roll, scale and shift for the points, then the points for those (both least squares), then
    each point's weight from what is left of it. `start` is a first guess of the points.
    """
    if len(landmarks) < 10:
        raise BadInput(f"{len(landmarks)} pictures are too few to estimate a mean face; take some hundred")
    turn = rotation(yaw.double(), pitch.double(), torch.zeros_like(yaw).double())  # [n 3 3]
    seen = landmarks.double() * torch.tensor([1.0, -1.0], dtype=torch.float64)
    points, weights = _standard(start.double()), torch.ones(68, dtype=torch.float64)
    for _ in range(ROUNDS):
        flat = _upright(seen, (points @ turn.transpose(1, 2))[..., :2], weights)  # [n 68 2]
        points = torch.linalg.lstsq(
            turn[:, :2].reshape(-1, 3), flat.transpose(1, 2).reshape(-1, 68)
        ).solution.T
        left = flat - (points @ turn.transpose(1, 2))[..., :2]
        weights = 1 / (left.square().sum(-1).mean(0) + LEAST_VARIANCE)
        points, weights = _standard(points), weights / weights.mean()
    return MeanFace(points.float(), weights.float(), source)


def _upright(seen: Tensor, expected: Tensor, weights: Tensor) -> Tensor:
    """The points of each picture after the similarity that brings them nearest to the expected ones (as complex numbers)."""
    share = (weights / weights.sum())[:, None]
    middle, origin = (share * expected).sum(1, keepdim=True), (share * seen).sum(1, keepdim=True)
    aim, have = torch.view_as_complex(expected - middle), torch.view_as_complex((seen - origin).contiguous())
    turn = (weights * aim.conj() * have).sum(1) / (weights * aim.abs().square()).sum(1)
    return torch.view_as_real(have / turn[:, None]) + middle


def _standard(points: Tensor) -> Tensor:
    """Centred, the eyes 1 apart."""
    eyes = points[36:42].mean(0) - points[42:48].mean(0)
    return (points - points.mean(0)) / eyes.norm()


def estimate_from_renders(n: int = 800, seed: int = 77, batch: int = 20) -> MeanFace:
    """Renders n faces of the natural law with yaw within ±45° and pitch within ±20°, and estimates from those found."""
    from latentlab.world.laws import draw_faces
    from latentlab.world.model import load_face_model
    from latentlab.world.render import load_renderer

    renderer, model = load_renderer(), load_face_model()
    angles = torch.rand(n, 2, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    angles = angles * torch.tensor([45.0, 20.0])
    rows, found = [], []
    for start in range(0, n, batch):
        faces = draw_faces(min(batch, n - start), "natural", seed, start)
        wanted = angles[start : start + len(faces)].tolist()
        turned = [replace(face, yaw=y, pitch=p) for face, (y, p) in zip(faces, wanted, strict=True)]
        seen = aligned_landmarks(renderer.render(turned, 256).images)
        rows.append(seen.points)
        found.append(seen.found)
    kept = torch.cat(found)
    source = (
        f"dlib's points on {int(kept.sum())} of {n} renders (natural law, seed {seed}, yaw ±45°, pitch ±20°)"
    )
    guess = model.vertices[model.landmarks]
    return estimate(torch.cat(rows)[kept], angles[kept, 0], angles[kept, 1], guess, source)


def save(face: MeanFace, path: Path | str) -> None:
    """Write the file that `pose.mean_face` reads."""
    points = [json.dumps([round(value, 4) for value in row]) for row in face.points.tolist()]
    weights = json.dumps([round(value, 4) for value in face.weights.tolist()])
    text = (
        f'{{\n"source": {json.dumps(face.source, ensure_ascii=False)},\n'
        f'"points": [\n' + ",\n".join(points) + f'\n],\n"weights": {weights}\n}}\n'
    )
    write_text(path, text, own=True)
