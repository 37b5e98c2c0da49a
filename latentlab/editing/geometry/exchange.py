"""One face's detail on another face's place: warped through landmarks, lit and tinted as what it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.geometry.frontal import Frontal
from latentlab.editing.geometry.plate import plate
from latentlab.editing.style.filters import gaussian
from latentlab.networks.regressor import fit_to
from latentlab.scorers.pose import fit_pose

APART = 20.0
"""Degrees of yaw between source and target beyond which the source is brought to the front first."""
RAISED = 0.12
"""How far above the brows the exchange reaches, as a share of the way from brows to chin."""
BORDER = 24
"""Points on the picture's border that stay where they are."""


class Exchanged(NamedTuple):
    """What came of it."""

    image: Images
    """[1 3 s s]"""
    mask: Tensor
    """Where the other face is, [1 1 s s]."""


@dataclass(frozen=True)
class Exchange:
    """How broad light and tint are taken over, and how far the mask reaches in."""

    broad: float = 0.11
    """Width of the blur that parts light from detail, as a share of the side."""
    skin: float = 0.0
    """Share of the source's own skin tone that is kept."""

    def put(self, target: Images, source: Images, marks: tuple[Tensor, Tensor], goal: Tensor) -> Exchanged:
        """The source's detail at the points `goal` [68 2] of the target; `marks` are the landmarks of target and source."""
        size = target.shape[-1]
        source = fit_to(source, size)
        source, theirs = _facing(source, marks[1] * size / source.shape[-1], marks[0])
        border = _border(size)
        moved = warp(source, plate(theirs, goal, size))
        own = warp(target, plate(torch.cat([marks[0], border]), torch.cat([goal, border]), size))
        mask = _features(goal, size) * (1 - _mouth_inside(goal, size))
        moved = self._lit(moved, own, mask)
        return Exchanged((own + mask * (moved - own)).clamp(-1, 1), mask)

    def _lit(self, moved: Images, own: Images, mask: Tensor) -> Images:
        """Detail of the one, broad light and tint of the other, both read inside the mask alone."""
        width = self.broad * moved.shape[-1]
        weight = gaussian(mask, width).clamp_min(1e-3)
        broad = [gaussian(images * mask, width) / weight for images in (moved, own)]
        tint = ((broad[0] - broad[1]) * mask).sum((2, 3), keepdim=True) / mask.sum().clamp_min(1e-3)
        return moved - broad[0] + broad[1] + self.skin * tint


def _facing(image: Images, points: Tensor, other: Tensor) -> tuple[Images, Tensor]:
    """The source as it is, or from the front where it looks elsewhere than the target, what was hidden filled in."""
    yaw = fit_pose(torch.stack([points, other]).double()).yaw
    if float((yaw[0] - yaw[1]).abs()) < APART:
        return image, points
    turned = Frontal().points(points, image.shape[-1])
    return Frontal().turn(image, turned), turned.goal[:68]


def _features(points: Tensor, size: int) -> Tensor:
    """1 from the jaw to a little above the brows, below any hair: [1 1 s s]."""
    brows = points[17:27]
    raised = brows + RAISED * (brows.mean(0) - points[8])
    outline = torch.cat([points[:17], raised.flip(0)])
    middle = outline.mean(0)
    canvas = Image.new("L", (size, size))
    inner = [(float(x), float(y)) for x, y in middle + 0.94 * (outline - middle)]
    ImageDraw.Draw(canvas).polygon(inner, fill=255)
    return gaussian(torch.from_numpy(np.asarray(canvas, np.float32) / 255)[None, None], size / 45)


def _border(size: int) -> Tensor:
    along = torch.linspace(0, 4, BORDER + 1)[:-1]
    side, place = along.floor(), (along % 1) * (size - 1)
    far = torch.full_like(place, size - 1.0)
    x = torch.where(
        side == 0, place, torch.where(side == 1, far, torch.where(side == 2, far - place, 0 * far))
    )
    y = torch.where(
        side == 0, 0 * far, torch.where(side == 1, place, torch.where(side == 2, far, far - place))
    )
    return torch.stack([x, y], 1)


def _mouth_inside(points: Tensor, size: int) -> Tensor:
    """1 between open lips, where teeth and tongue are the expression's: [1 1 s s]."""
    canvas = Image.new("L", (size, size))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points[60:68]], fill=255)
    return gaussian(torch.from_numpy(np.asarray(canvas, np.float32) / 255)[None, None], size / 150)
