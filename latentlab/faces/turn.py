"""A photo turned and scaled for a detector, with the way its points go back to the photo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Turned:
    """One view of a photo; points are pixels, (0, 0) the middle of the first one."""

    pixels: np.ndarray
    """uint8 [h w 3]."""
    degrees: int
    """Counter-clockwise."""
    scale: float
    """Pixels of the view for each pixel of the photo."""
    photo_size: tuple[int, int]

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Points [n 2] of the view, in the photo."""
        height, width = self.pixels.shape[:2]
        angle = math.radians(self.degrees)
        back = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        centred = (points + 0.5 - np.array([width, height]) / 2) / self.scale
        return centred @ back.T + np.array(self.photo_size) / 2 - 0.5


def turned(picture: Image, degrees: int, scale: float) -> Turned:
    """The whole picture, resized by `scale`, then turned counter-clockwise about its middle; new corners are grey."""
    from PIL import Image as pillow

    wanted = tuple(max(1, round(side * scale)) for side in picture.size)
    view = picture.convert("RGB")
    if wanted != view.size:
        view = view.resize(wanted, pillow.Resampling.BICUBIC, reducing_gap=2.0)  # type: ignore[arg-type]
    if degrees % 360:
        view = view.rotate(degrees, pillow.Resampling.BILINEAR, expand=True, fillcolor=(128, 128, 128))
    return Turned(np.ascontiguousarray(np.asarray(view)), degrees, scale, picture.size)
