"""Where the 68 points of a face that looks into the camera lie in an aligned picture, on average."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import torch
from torch import Tensor

MIRRORED = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46,
    39, 38, 37, 36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""For each point the one that takes its place when the picture is mirrored."""


def template(size: int) -> Tensor:
    """[68 2] in pixels of an aligned picture of this side; (0, 0) is the middle of its first pixel."""
    return _shares() * size - 0.5


def mirrored(landmarks: Tensor, width: int) -> Tensor:
    """The 68 points [n 68 2] of pictures `width` pixels wide, as they lie once the pictures are mirrored."""
    turned = landmarks[:, list(MIRRORED)].clone()
    turned[..., 0] = width - 1 - turned[..., 0]
    return turned


@cache
def _shares() -> Tensor:
    text = (files("latentlab.faces") / "template.json").read_text(encoding="utf-8")
    return torch.tensor(json.loads(text)["points"])
