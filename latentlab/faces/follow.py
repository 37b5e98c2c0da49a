"""One face from frame to frame: looked for where it was, upright as it was, so that a small view is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from latentlab.faces.align import frame
from latentlab.faces.dlib_models import frontal_detector
from latentlab.faces.landmarks import ALIGNED_BOX, Look, landmarks_at

if TYPE_CHECKING:
    from PIL.Image import Image

VIEW = 224
"""Side of the view that is searched."""
REACH = 1.5
"""Its side, in sides of the aligned square: what a face moves from one frame to the next is well inside."""
LEAST = -0.1
"""Least score of the detector where a face was a frame ago; below that of a first sight."""
FAR = 0.35
"""A face whose middle is farther away, in sides of the square, is another one."""
LOOKS: tuple[Look, ...] = (
    (0.0, 0.0, 1.0),
    (0.02, 0.02, 1.03),
    (-0.02, 0.02, 0.97),
    (0.02, -0.02, 0.97),
    (-0.02, -0.02, 1.03),
)
"""Shifts and scales of the box with which landmarks are read; the detector's box jumps, and with it single readings."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """A face in one frame."""

    points: Tensor
    """The 68 landmarks [68 2], in the frame's pixels."""
    score: float
    """How sure the detector is."""


def follow(picture: Image, last: Tensor) -> Sighting | None:
    """The face that stood at these 68 points a frame ago; None where it cannot be seen any more."""
    square = frame(last[None].double())
    centre, across = square.centre[0].numpy(), square.across[0].numpy()
    turn = np.stack([across, (-across[1], across[0])], 1) / max(float(np.hypot(*across)), 1e-6)
    step = 2 * float(np.hypot(*across)) * REACH / VIEW  # pixels of the frame for each pixel of the view
    start = centre - turn @ np.full(2, VIEW / 2 - 0.5) * step
    boxes, scores, _ = frontal_detector().run(_view(picture, start, turn * step), 0, LEAST)
    found = [
        (score, np.array([box.left() + box.right(), box.top() + box.bottom()]) / 2, box.width())
        for box, score in zip(boxes, scores, strict=True)
    ]
    middle = VIEW * (0.5 + (np.array([sum(ALIGNED_BOX[::2]), sum(ALIGNED_BOX[1::2])]) / 2 - 0.5) / REACH)
    near = [one for one in found if np.hypot(*(one[1] - middle)) < FAR * VIEW / REACH]
    if not near:
        return None
    score, place, width = max(near, key=lambda one: one[0] - np.hypot(*(one[1] - middle)) / VIEW)
    return Sighting(_read(picture, start + turn @ place * step, turn, width * step), float(score))


def _read(picture: Image, centre: np.ndarray, turn: np.ndarray, side: float) -> Tensor:
    """The mean of several readings of the landmarks."""
    low = np.floor(centre - 1.6 * side).astype(int)
    part = picture.crop((*low.tolist(), *np.ceil(centre + 1.6 * side).astype(int).tolist()))
    return torch.from_numpy(landmarks_at(part, centre - low, turn, side, LOOKS) + low).float()


def sight(picture: Image, points: Tensor) -> Sighting:
    """A face whose landmarks were found for the first time, read as it will be read from then on."""
    return follow(picture, points) or Sighting(points.float(), 0.0)


def _view(picture: Image, start: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """uint8 [v v 3]: a turned square of the picture, shrunk without aliasing."""
    from PIL import Image as pillow

    step = float(np.hypot(*matrix[:, 0]))
    ends = start[None] + (np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * (VIEW - 1)) @ matrix.T
    low = np.maximum(np.floor(ends.min(0)).astype(int) - 4, 0)
    high = np.minimum(np.ceil(ends.max(0)).astype(int) + 4, picture.size)
    if (low >= high).any():
        return np.zeros((VIEW, VIEW, 3), np.uint8)
    part = picture.crop((*low.tolist(), *high.tolist()))
    reduce = max(1, int(step))
    if reduce > 1:
        part = part.reduce(reduce)
    inner = matrix / reduce
    offset = (start - low + 0.5) / reduce - inner @ np.full(2, 0.5)
    view = part.transform(
        (VIEW, VIEW),
        pillow.Transform.AFFINE,
        (inner[0, 0], inner[0, 1], offset[0], inner[1, 0], inner[1, 1], offset[1]),
        pillow.Resampling.BILINEAR,
    )
    return np.ascontiguousarray(np.asarray(view))
