"""68 Multi-PIE points on a face, by dlib (Kazemi & Sullivan 2014); its training data excludes commercial use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.image import to_pixels
from latentlab.core.shapes import Images, Landmarks
from latentlab.faces.detect import DetectedFace
from latentlab.faces.dlib_models import frontal_detector, landmark_predictor

if TYPE_CHECKING:
    from PIL.Image import Image

VIEW = 256
"""Faces are looked at 256 pixels wide: the predictor does not gain from more, and noise averages out."""
Look = tuple[float, float, float]
"""Right, down (in sides of the box) and scale."""
STRAIGHT: Look = (0.0, 0.0, 1.0)
ALIGNED_BOX = (0.17, 0.25, 0.81, 0.89)
"""Where dlib's box falls in an aligned face, as a share of its side: left, top, right, bottom."""


@dataclass(frozen=True, eq=False)
class FoundLandmarks:
    """Points of a batch of aligned faces."""

    points: Landmarks
    """[n 68 2] in pixels of the images that were given."""
    found: Tensor
    """bool [n]: whether a detector saw the face; elsewhere the points are looked for where aligned faces sit."""


def find_landmarks(picture: Image, face: DetectedFace) -> Tensor:
    """The 68 points [68 2] of one detected face, in pixels of the photo."""
    left, top, right, bottom = face.box
    centre = np.array(face.centre)
    angle = np.radians(face.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = landmarks_at(picture, centre, turn, max(right - left, bottom - top))

    eyes = points[42:48].mean(0) - points[36:42].mean(0)  # a tilted head is looked at again, upright
    tilt = float(np.arctan2(*(turn.T @ eyes)[::-1]))
    if abs(tilt) > np.radians(12):
        tilted = turn @ np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        points = landmarks_at(picture, centre, tilted, max(right - left, bottom - top))
    return torch.from_numpy(points).float()


def landmarks_at(
    picture: Image, centre: np.ndarray, turn: np.ndarray, side: float, looks: Sequence[Look] = (STRAIGHT,)
) -> np.ndarray:
    """68 points [68 2] of the face in a square of `side` around `centre`, whose axes are the columns of `turn`.

    With several looks their mean: each moves and scales the box in which the predictor begins.
    """
    import dlib
    from PIL import Image as pillow

    step = side / VIEW  # photo pixels for each pixel of the view, twice as wide as the face
    start = centre - turn @ np.full(2, VIEW - 0.5) * step
    if step > 2:  # shrink first, so that the warp does not alias
        reduce = int(step)
        box = [int(v) for v in (*np.floor(centre - 1.5 * side), *np.ceil(centre + 1.5 * side))]
        low = np.maximum(box[:2], 0)
        part = (
            picture.crop((*low.tolist(), *np.minimum(box[2:], picture.size).tolist()))
            .convert("RGB")
            .reduce(reduce)
        )
        inner, inner_start = step / reduce, (start + 0.5 - low) / reduce - 0.5
    else:
        part, inner, inner_start = picture.convert("RGB"), step, start
    matrix = turn * inner
    offset = inner_start + 0.5 - matrix @ np.full(2, 0.5)  # Pillow's affine is about pixel corners
    view = part.transform(
        (2 * VIEW, 2 * VIEW),
        pillow.Transform.AFFINE,
        (matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1]),
        pillow.Resampling.BILINEAR,
    )
    pixels, found = np.asarray(view), []
    for right, down, scale in looks:
        left, top = (round(VIEW * (1 + shift - scale / 2)) for shift in (right, down))
        box = dlib.rectangle(left, top, left + round(VIEW * scale) - 1, top + round(VIEW * scale) - 1)
        found.append([[p.x, p.y] for p in landmark_predictor()(pixels, box).parts()])
    return start + np.mean(found, 0) @ (turn * step).T


def aligned_landmarks(images: Images) -> FoundLandmarks:
    """The points of aligned faces [n 3 s s] in [-1, 1]; each is enlarged (or shrunk) to 256 pixels first, bicubic."""
    pixels = to_pixels(standard(images)).numpy()
    rows = [_aligned(pixels_of_one) for pixels_of_one in pixels]
    points = np.stack([row for row, _ in rows]) if rows else np.zeros((0, 68, 2))
    scale = images.shape[-1] / VIEW
    in_images = torch.from_numpy((points + 0.5) * scale - 0.5).float()
    return FoundLandmarks(
        in_images.to(images.device),
        torch.tensor([f for _, f in rows], dtype=torch.bool, device=images.device),
    )


def standard(images: Images) -> Images:
    """Faces as dlib looks at them here: 256×256, bicubic, in [-1, 1]."""
    if images.shape[-2:] == (VIEW, VIEW):
        return images.detach()
    shrink = max(images.shape[-2:]) > VIEW
    return interpolate(images.detach().float(), (VIEW, VIEW), mode="bicubic", antialias=shrink).clamp(-1, 1)


def _aligned(pixels: np.ndarray) -> tuple[np.ndarray, bool]:
    box, found = aligned_box(pixels)
    shape = landmark_predictor()(pixels, box)
    return np.array([[p.x, p.y] for p in shape.parts()], dtype=np.float64), found


def aligned_box(pixels: np.ndarray) -> tuple[object, bool]:
    """dlib's rectangle around the face of an aligned picture uint8 [256 256 3], and whether a detector saw it."""
    import dlib

    boxes, scores, _ = frontal_detector().run(pixels, 0, 0.0)
    middle = [
        (score, box)
        for box, score in zip(boxes, scores, strict=True)
        if box.width() > 0.3 * VIEW and box.contains(VIEW // 2, int(0.6 * VIEW))
    ]
    if middle:
        return max(middle, key=lambda pair: pair[0])[1], True
    left, top, right, bottom = (round(v * VIEW) for v in ALIGNED_BOX)
    return dlib.rectangle(left, top, right, bottom), False
