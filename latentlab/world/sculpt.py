"""Soft pushes on the rest mesh that make a head older or more masculine; centres follow the landmarks."""

from __future__ import annotations

import torch
from torch import Tensor

Push = tuple[tuple[int, float, float, float], tuple[float, float, float], tuple[float, float, float]]
"""(landmark, offset x y z), radii, displacement, in centimetres; x points away from the middle; the left side mirrors it."""

MASCULINE: tuple[Push, ...] = (
    ((12, 0.0, -0.6, -1.0), (2.0, 2.4, 3.0), (0.38, -0.20, 0.05)),  # jaw angle
    ((10, -0.6, 0.0, 0.0), (1.4, 1.4, 2.0), (0.22, -0.10, 0.18)),  # corner of the chin
    ((8, 0.0, 0.2, 0.0), (1.8, 1.4, 2.0), (0.0, -0.16, 0.14)),  # chin
    ((24, -0.6, -0.9, 0.0), (2.2, 0.9, 1.8), (0.0, -0.05, 0.26)),  # brow ridge
    ((24, 0.0, 0.0, 0.0), (2.6, 1.0, 1.8), (0.0, -0.20, 0.02)),  # brow height
    ((30, 0.0, 0.3, 0.0), (1.1, 1.6, 1.8), (0.0, -0.02, 0.22)),  # nose tip
    ((28, 0.0, 0.2, 0.0), (1.0, 1.6, 1.5), (0.0, 0.0, 0.16)),  # bridge
    ((35, 0.4, 0.5, 0.0), (0.9, 1.0, 1.3), (0.16, 0.0, 0.0)),  # nose wing
    ((51, 0.0, -0.1, 0.0), (1.6, 0.35, 1.2), (0.0, -0.13, -0.10)),  # upper lip
    ((57, 0.0, 0.1, 0.0), (1.6, 0.40, 1.2), (0.0, 0.15, -0.12)),  # lower lip
    ((13, -1.6, 1.4, 2.2), (1.6, 1.8, 2.0), (-0.12, 0.0, -0.18)),  # hollow of the cheek
    ((46, 0.0, 0.0, 0.3), (1.5, 0.45, 1.2), (0.0, 0.04, 0.0)),  # narrower eyes
    ((43, 0.6, 0.2, 0.3), (1.5, 0.5, 1.2), (0.0, -0.03, 0.0)),
    ((11, 0.0, -5.0, -5.0), (2.6, 4.0, 6.0), (0.55, 0.0, 0.0)),  # neck
)

OLD: tuple[Push, ...] = (
    ((11, 0.1, 1.0, 0.2), (1.5, 1.5, 2.2), (0.20, -0.65, 0.10)),  # jowl
    ((10, 0.2, 0.3, 0.0), (1.0, 1.0, 1.6), (0.05, -0.30, 0.0)),
    ((13, -1.7, 1.6, 3.0), (1.5, 1.7, 2.0), (-0.10, -0.10, -0.38)),  # sunken cheek
    ((46, 0.0, -0.9, 0.0), (1.3, 0.45, 1.0), (0.0, -0.06, 0.17)),  # bag under the eye
    ((46, 0.0, -1.7, 0.0), (1.5, 0.55, 1.2), (0.0, -0.10, -0.16)),  # groove below the bag
    ((44, 0.3, 0.45, 0.0), (1.6, 0.45, 1.0), (0.0, -0.11, 0.04)),  # upper lid
    ((25, 0.0, -0.2, 0.0), (1.8, 1.1, 1.8), (0.0, -0.34, 0.0)),  # outer brow
    ((30, 0.0, -0.1, 0.0), (1.2, 1.2, 1.6), (0.0, -0.30, 0.12)),  # nose tip
    ((35, 0.3, 0.4, 0.0), (0.9, 0.9, 1.2), (0.12, -0.06, 0.0)),
    ((51, 0.0, -0.05, 0.0), (2.0, 0.30, 1.0), (0.0, -0.20, -0.16)),  # thinner lips
    ((57, 0.0, 0.05, 0.0), (1.8, 0.34, 1.0), (0.0, 0.22, -0.16)),
    ((54, 0.0, 0.0, 0.0), (0.9, 0.7, 1.0), (0.0, -0.10, -0.05)),  # corner of the mouth
    ((53, 0.5, 1.2, -0.4), (1.0, 0.9, 1.2), (0.06, -0.12, 0.20)),  # fold beside the mouth
    ((16, -0.6, 2.8, 2.2), (1.4, 1.8, 2.4), (-0.30, 0.0, -0.12)),  # temple
    ((16, 1.0, -4.0, -3.0), (1.2, 2.0, 2.0), (0.05, -0.45, 0.0)),  # ear lobe
    ((8, 0.0, -1.3, -3.0), (2.0, 1.1, 2.6), (0.0, -0.60, 0.0)),  # under the chin
)

YOUNG: tuple[Push, ...] = (
    ((13, -1.5, 1.2, 2.6), (1.8, 1.9, 2.2), (0.16, -0.06, 0.26)),  # full cheek
    ((11, 0.0, 0.3, 0.0), (1.7, 1.7, 2.4), (-0.20, 0.26, -0.02)),  # soft, short jaw
    ((8, 0.0, 0.0, 0.0), (1.9, 1.5, 2.2), (0.0, 0.42, -0.12)),  # short chin
    ((10, -0.2, 0.0, 0.0), (1.4, 1.3, 2.0), (-0.10, 0.24, -0.02)),
    ((30, 0.0, 0.1, 0.0), (1.2, 1.4, 1.7), (0.0, 0.16, -0.24)),  # short, turned-up nose
    ((28, 0.0, 0.0, 0.0), (1.0, 1.6, 1.5), (0.0, 0.0, -0.18)),  # low bridge
    ((35, 0.3, 0.3, 0.0), (0.9, 0.9, 1.2), (-0.12, 0.05, -0.04)),
    ((44, 0.3, 0.35, 0.1), (1.5, 0.5, 1.1), (0.0, 0.10, 0.0)),  # open eyes
    ((46, 0.0, -0.4, 0.1), (1.5, 0.5, 1.1), (0.0, -0.05, 0.02)),
    ((24, -0.4, -0.6, 0.0), (2.2, 0.9, 1.8), (0.0, 0.05, -0.14)),  # flat brow ridge
    ((51, 0.0, 0.0, 0.0), (1.5, 0.35, 1.0), (0.0, 0.07, 0.09)),  # full lips
    ((57, 0.0, 0.0, 0.0), (1.4, 0.38, 1.0), (0.0, -0.06, 0.10)),
    ((54, 0.0, 0.0, 0.0), (1.0, 0.8, 1.0), (-0.10, 0.0, 0.0)),
    ((11, 0.0, -5.0, -5.0), (2.6, 4.0, 6.0), (-0.40, 0.0, 0.0)),  # thin neck
)


def push_field(pushes: tuple[Push, ...], vertices: Tensor, landmarks: Tensor) -> Tensor:
    """The displacement of every vertex when the pushes act with strength 1, [v, 3]."""
    field = torch.zeros_like(vertices)
    for (landmark, *offset), radii, displacement in pushes:
        base = landmarks[landmark] + torch.tensor(offset)
        sides = (1.0,) if abs(float(base[0])) < 0.3 else (1.0, -1.0)
        for side in sides:
            mirror = torch.tensor([side, 1.0, 1.0])
            reach = ((vertices - base * mirror) / torch.tensor(radii)).square().sum(1)
            field += torch.exp(-reach)[:, None] * torch.tensor(displacement) * mirror
    return field
