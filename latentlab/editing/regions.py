"""Masks of named parts of a face from its 68 landmarks: mouth, eyes, brows, nose, jaw, cheeks, face."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadInput, unknown
from latentlab.core.shapes import Landmarks

REGIONS: dict[str, tuple[slice | list[int], ...]] = {
    "mouth": (slice(48, 68),),
    "eyes": (slice(36, 42), slice(42, 48)),
    "brows": (slice(17, 22), slice(22, 27)),
    "nose": (slice(27, 36),),
    "jaw": ([*range(2, 15), *range(31, 36)],),
    "cheeks": ([*range(1, 16), 28, 39, 42],),
    "face": (slice(0, 27),),
}
"""The points whose hulls make each region; jaw and cheeks lie below the nose and below the eyes."""
GROWTH = {"mouth": 0.06, "eyes": 0.05, "brows": 0.04, "nose": 0.03, "jaw": 0.04, "cheeks": 0.04, "face": 0.02}
"""By how much of the picture's side each hull grows, so that the edit has room."""


def region_mask(name: str, landmarks: Landmarks, size: int) -> Tensor:
    """[n 1 size size] with soft edges; landmarks [n 68 2] are pixels of a picture of that size.

    Several names are joined with a plus: `mouth+eyes`.
    """
    from scipy.ndimage import distance_transform_edt

    masks = []
    for points in landmarks.detach().cpu().double().numpy():
        total = np.zeros((size, size))
        for part in name.split("+"):
            if part not in REGIONS:
                raise unknown("region", part, REGIONS)
            for hull in REGIONS[part]:
                away = distance_transform_edt(~_hull(points[hull], size))
                growth = GROWTH[part] * size
                total = np.maximum(total, np.clip(1.5 - away / max(growth, 2.0), 0, 1))
        masks.append(total)
    return torch.from_numpy(np.stack(masks))[:, None].to(landmarks.device, torch.float32)


def _hull(points: np.ndarray, size: int) -> np.ndarray:
    """True inside the convex hull of points (x right, y down)."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        equations = ConvexHull(points).equations
    except QhullError:
        raise BadInput(
            "the landmarks of this face fall together; a region needs a face seen from the front"
        ) from None
    y, x = np.mgrid[:size, :size]
    places = np.stack([x, y], axis=-1) @ equations[:, :2].T + equations[:, 2]
    return (places <= 0).all(axis=-1)
