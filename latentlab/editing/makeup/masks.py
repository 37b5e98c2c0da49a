"""Where makeup sits on a face, from its 68 landmarks: lips, lids, liner, blush and skin, each with soft edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadInput

Points = np.ndarray
"""[k 2]: x right, y down, in pixels."""

EYES = ((36, 37, 38, 39, 40, 41), (45, 44, 43, 42, 47, 46))
"""Each eye from its outer corner along the upper rim to the inner corner and back along the lower rim."""
BROWS = ((17, 18, 19, 20, 21), (26, 25, 24, 23, 22))
"""Each brow from its outer end."""
CHEEKS = ((36, 31, 48, 2), (45, 35, 54, 14))
"""Eye's outer corner, nostril, mouth's corner and jaw around each cheek."""
SOFTNESS = {"lips": 0.006, "lids": 0.014, "liner": 0.005, "blush": 0.03, "skin": 0.012}
"""Standard deviation of each edge's blur, as a share of the picture's side."""


def makeup_mask(region: str, landmarks: Tensor, size: int) -> Tensor:
    """Weights 0..1 [1 1 size size] of one region; landmarks [68 2] are pixels of a picture of that size."""
    points = landmarks.detach().cpu().double().numpy() + 0.5
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise BadInput(f"makeup needs 68 finite points [68 2], these have the shape {points.shape}")
    from scipy.ndimage import gaussian_filter

    weights = MASKS[region](points, size)
    return torch.from_numpy(gaussian_filter(weights, SOFTNESS[region] * size))[None, None].clamp(0, 1)


def _lips(points: Points, size: int) -> np.ndarray:
    opening = points[60:68]
    inside = _filled([opening.mean(0) + 0.9 * (opening - opening.mean(0))], size)
    return _filled([points[48:60]], size) * (1 - inside)


def _lids(points: Points, size: int) -> np.ndarray:
    """From the upper rim a good half of the way to the brow, a little beyond the outer corner."""
    shapes = []
    for eye, brow in zip(EYES, BROWS, strict=True):
        rim, above = points[list(eye[:4])], points[list(brow)]
        beyond = rim[0] + 0.18 * (rim[0] - rim[3])
        upper = np.stack([np.interp(np.linspace(0, 4, 4), range(5), above[:, axis]) for axis in (0, 1)], 1)
        top = rim + 0.6 * (upper - rim)
        shapes.append(np.concatenate([beyond[None], rim, top[::-1]]))
    return _filled(shapes, size) * (1 - _open_eyes(points, size))


def _liner(points: Points, size: int) -> np.ndarray:
    """A line along both rims, the lower one fainter."""
    width = 0.09 * np.mean([np.linalg.norm(points[eye[0]] - points[eye[3]]) for eye in EYES])
    upper = _drawn([points[list(eye[:4])] for eye in EYES], width, size)
    lower = _drawn([points[[eye[0], eye[5], eye[4], eye[3]]] for eye in EYES], 0.7 * width, size)
    return np.maximum(upper, 0.5 * lower)


def _blush(points: Points, size: int) -> np.ndarray:
    shapes = []
    for cheek in CHEEKS:
        corners = points[list(cheek)]
        middle = corners.mean(0)
        shapes.append(middle + 0.55 * (corners - middle))
    return _filled(shapes, size)


def _skin(points: Points, size: int) -> np.ndarray:
    """Jaw to forehead, without eyes, brows and mouth."""
    chin, brows = points[8], points[17:27]
    raised = brows + 0.25 * (brows.mean(0) - chin)
    face = _filled([np.concatenate([points[:17], raised[::-1]])], size)
    width = 0.05 * float(np.linalg.norm(points[16] - points[0]))
    holes = np.maximum(_open_eyes(points, size, 1.35), _filled([points[48:60]], size))
    holes = np.maximum(holes, _drawn([points[list(brow)] for brow in BROWS], width, size))
    return face * (1 - holes)


MASKS: dict[str, Callable[[Points, int], np.ndarray]] = {
    "lips": _lips,
    "lids": _lids,
    "liner": _liner,
    "blush": _blush,
    "skin": _skin,
}
"""Regions by name, in the order in which they are painted last to first."""


def _open_eyes(points: Points, size: int, grow: float = 1.0) -> np.ndarray:
    shapes = [points[list(eye)] for eye in EYES]
    return _filled([shape.mean(0) + grow * (shape - shape.mean(0)) for shape in shapes], size)


def _filled(shapes: Sequence[Points], size: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (size, size))
    for shape in shapes:
        ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in shape], fill=255)
    return np.asarray(canvas, dtype=np.float32) / 255


def _drawn(lines: Sequence[Points], width: float, size: int) -> np.ndarray:
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (size, size))
    for line in lines:
        corners = [(float(x), float(y)) for x, y in line]
        ImageDraw.Draw(canvas).line(corners, fill=255, width=max(1, round(width)), joint="curve")
    return np.asarray(canvas, dtype=np.float32) / 255
