"""Soft masks over an aligned face: where a pasted face covers its photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Mask = Float[Tensor, "1 1 size size"]
"""Weights in 0..1 over one aligned picture."""

FOREHEAD = 0.30
"""How far the mask reaches above the brows, as a share of the way from brows to chin."""
SOFTNESS = 0.025
"""Width of the soft edge (the standard deviation of its blur), as a share of the picture's side."""
_DRAWN = 512


def face_mask(landmarks: Sequence[Tensor], size: int, softness: float = SOFTNESS) -> Mask:
    """1 on the face (jaw to forehead), falling softly to 0; with several sets of 68 points, the union of their faces.

    Give the points of the photo's face and of the edited one, so that neither a moved chin nor the old one is cut.
    """
    from PIL import Image, ImageDraw
    from scipy.ndimage import gaussian_filter
    from scipy.spatial import ConvexHull

    canvas = Image.new("L", (_DRAWN, _DRAWN))
    for points in landmarks:
        outline = (_outline(points.detach().cpu().double().numpy()) + 0.5) * _DRAWN / size
        hull = outline[ConvexHull(outline).vertices]
        ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in hull], fill=255)
    weights = np.asarray(canvas, dtype=np.float32) / 255
    return _fit(gaussian_filter(weights, softness * _DRAWN) * _margin(_DRAWN), size)


def square_mask(size: int, softness: float = 2 * SOFTNESS) -> Mask:
    """1 in the middle of the picture, falling softly to 0 towards its border: for edits of hair or background."""
    return _fit(_margin(_DRAWN, softness), size)


def _outline(points: np.ndarray) -> np.ndarray:
    chin, brows = points[8], points[17:27]
    raised = brows + FOREHEAD * (brows.mean(0) - chin)
    return np.concatenate([points[:17], brows, raised])


def _margin(size: int, softness: float = SOFTNESS) -> np.ndarray:
    """0 at the border of the picture, 1 further in than four times the softness, smooth."""
    distance = np.minimum(np.arange(size) + 0.5, size - 0.5 - np.arange(size)) / size
    ramp = np.clip(distance / (4 * softness), 0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return (smooth[:, None] * smooth[None]).astype(np.float32)


def _fit(weights: np.ndarray, size: int) -> Mask:
    mask = torch.from_numpy(weights)[None, None]
    return torch.nn.functional.interpolate(mask, (size, size), mode="bilinear", antialias=True).clamp(0, 1)
