"""Landmarks as pictures, and how expressions move them: what G2-GAN's networks are told."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.shapes import Landmarks

SIGMA = 3.0
"""Deviation of a point's Gaussian in pixels of a 128-pixel picture."""
SMILE = (
    (0, -0.005), (-0.003, -0.018), (-0.012, -0.034), (-0.032, -0.043), (-0.03, -0.052), (-0.012, -0.051), (-0.016, -0.037),
    (-0.015, -0.024), (0, -0.012), (0.015, -0.024), (0.016, -0.037), (0.012, -0.051), (0.03, -0.052), (0.032, -0.043),
    (0.012, -0.034), (0.003, -0.018), (0, -0.005), (0, 0.004), (0, 0.005), (0, 0.005), (0, 0.003),
    (0, 0.003), (0, 0.003), (0, 0.003), (0, 0.005), (0, 0.005), (0, 0.004), (0, 0.002),
    (0, 0.002), (0, 0.002), (0, 0.005), (-0.038, -0.042), (-0.021, -0.021), (0, -0.013), (0.021, -0.021),
    (0.038, -0.042), (0.003, -0.003), (0.001, 0.003), (0, 0.003), (0, -0.001), (0.003, -0.014), (0.003, -0.018),
    (0, -0.002), (0, 0.003), (-0.001, 0.003), (-0.003, -0.003), (-0.003, -0.018), (-0.003, -0.014), (-0.087, -0.118),
    (-0.078, -0.085), (-0.039, -0.063), (0, -0.06), (0.039, -0.063), (0.078, -0.085), (0.087, -0.118), (0.062, -0.057),
    (0.041, -0.027), (0, -0.013), (-0.041, -0.027), (-0.062, -0.057), (-0.087, -0.105), (-0.068, -0.074), (0, -0.063),
    (0.068, -0.074), (0.087, -0.105), (0.054, -0.031), (0, -0.007), (-0.054, -0.031),
)  # fmt: skip
"""How far a full smile of the face model moves each of the 68 points, right and down, in distances of the eyes' outer
corners."""


def heatmap(landmarks: Landmarks, size: int) -> Tensor:
    """68 Gaussians, the largest at each place, in [-1, 1]: [n 1 size size]; points in pixels of that picture."""
    width = SIGMA * size / 128
    places = torch.arange(size, device=landmarks.device, dtype=landmarks.dtype)
    across = torch.exp(-(places - landmarks[..., :1]).square() / (2 * width**2))  # [n 68 size]
    down = torch.exp(-(places - landmarks[..., 1:]).square() / (2 * width**2))
    return 2 * (down[..., :, None] * across[..., None, :]).amax(1, keepdim=True) - 1


def moved(landmarks: Landmarks, move: Tensor, strength: float) -> Landmarks:
    """Points [n 68 2] after a share of an expression, along the face's own axes."""
    axis = landmarks[:, 45] - landmarks[:, 36]  # [n 2]
    down = torch.stack([-axis[:, 1], axis[:, 0]], 1)
    turned = move[None, :, :1] * axis[:, None] + move[None, :, 1:] * down[:, None]
    return landmarks + strength * turned
