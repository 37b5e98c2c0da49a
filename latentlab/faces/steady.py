"""Steady squares around a moving face: centres and axes smoothed over frames (Tzaban et al. 2022, STIT)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.shapes import Landmarks
from latentlab.faces.align import frame

CENTRE, AXES, POINTS = 1.0, 3.0, 2.0
"""Deviations in frames, of the centre, of the axes, and of the landmarks themselves."""


def steady_crops(landmarks: Landmarks, photo_size: tuple[int, int], size: int) -> list[Crop]:
    """The squares of one unbroken run of frames from its landmarks [n 68 2], steady; `size` is that of the pictures."""
    points = landmarks.double()
    squares = frame(points)
    centres, across = smooth(squares.centre, CENTRE), smooth(squares.across, AXES)
    marks = smooth(points, POINTS)
    return [
        Crop(
            photo_size, size, (float(c[0]), float(c[1])), (float(a[0]), float(a[1])),
            tuple((float(x), float(y)) for x, y in p),
        )
        for c, a, p in zip(centres, across, marks, strict=True)
    ]  # fmt: skip


def smooth(values: Tensor, deviation: float) -> Tensor:
    """A Gaussian mean over the first axis; what grows evenly stays as it is, at both ends too."""
    from scipy.ndimage import gaussian_filter1d

    if len(values) < 2 or deviation <= 0:
        return values
    reach = min(len(values) - 1, int(np.ceil(3 * deviation)))
    before = 2 * values[:1] - values[1 : reach + 1].flip(0)
    after = 2 * values[-1:] - values[-reach - 1 : -1].flip(0)
    long = torch.cat([before, values, after]).cpu().numpy()
    soft = gaussian_filter1d(long, deviation, axis=0, mode="nearest", truncate=3.0)
    return torch.from_numpy(soft[reach : reach + len(values)]).to(values)
