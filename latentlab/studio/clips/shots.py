"""The part of a frame around a face: small, in colours, with the square in which the face is edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from latentlab.core.crop import Box, Crop
from latentlab.core.shapes import Images
from latentlab.faces.align import cut
from latentlab.studio.clips.frames import Frame

if TYPE_CHECKING:
    from PIL.Image import Image

FINE, COARSER = 2, 1.25
"""Supersampling of the square where the frame has more than so many pixels for each of its own; elsewhere none."""
BORDER = 0.12
"""Of the square's side, around it: what its padding is made of."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A part of a frame around a face, in colours."""

    frame: Frame
    box: Box
    crop: Crop
    """Within the part."""
    picture: Image

    @property
    def face(self) -> Images:
        """The square around the face [1 3 s s]."""
        return cut(self.picture, self.crop, FINE if self.crop.scale > COARSER else 1)


def shot(frame: Frame, crop: Crop) -> Shot:
    """The even part of a frame that holds a square and what its edges need."""
    width, height = frame.size
    border = max(4, round(BORDER * crop.scale * crop.size))
    left, top, right, bottom = crop.box
    left, top = max(0, left - border) // 2 * 2, max(0, top - border) // 2 * 2
    right, bottom = min(width, right + border), min(height, bottom + border)
    right, bottom = min(width, -(-right // 2) * 2), min(height, -(-bottom // 2) * 2)
    marks = tuple((x - left, y - top) for x, y in crop.landmarks)
    inner = Crop(
        (right - left, bottom - top),
        crop.size,
        (crop.centre[0] - left, crop.centre[1] - top),
        crop.across,
        marks,
    )
    box = (left, top, right, bottom)
    return Shot(frame, box, inner, frame.picture(box))
