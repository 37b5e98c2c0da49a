"""Where a face shows skin: by its middle colour, inside and around its outline."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.editing.makeup.colour import to_lab
from latentlab.editing.style.filters import gaussian

UNIT = 256
"""Widths are pixels of a face of this side."""
LIKE_SKIN = (28.0, 9.0, 11.0)
"""By how much light, red and yellow of CIELAB differ where a colour is half as likely skin."""
GLOSS = 12.0
"""L above the middle at which skin may be twice as pale."""
RAISED = 0.5
"""How far above the brows skin is looked for, as a share of the way from brows to chin."""


def skin_of(image: Images, marks: Tensor) -> tuple[Tensor, Tensor]:
    """Where an aligned face [1 3 s s] shows skin, 0 to 1 [1 1 s s], and its middle colour [3] in CIELAB."""
    size, colours = image.shape[-1], lab(image)
    brows = marks[17:27]
    outline = torch.cat([marks[:17], (brows + RAISED * (brows.mean(0) - marks[8])).flip(0)])
    neck = torch.stack([marks[3], marks[13], marks[13] * torch.tensor([1.0, 0]) + torch.tensor([0.0, size]),
                        marks[3] * torch.tensor([1.0, 0]) + torch.tensor([0.0, size])])  # fmt: skip
    face, centre = polygon(outline, size), outline.mean(0)
    middle = colours[0, :, face[0, 0] > 0.5].median(1).values
    inner = centre + 0.8 * (outline - centre)
    gloss = polygon(inner, size) * (colours[:, :1] - middle[0]).clamp_min(0)  # the brighter, the paler
    apart = (colours - middle[:, None, None]) / torch.tensor(LIKE_SKIN)[:, None, None] / (1 + gloss / GLOSS)
    like = (1.6 - apart.square().sum(1, keepdim=True).sqrt()).clamp(0, 1)
    around = torch.maximum(polygon(centre + 1.25 * (outline - centre), size), polygon(neck, size))
    soft = size / UNIT
    mask = gaussian(like * gaussian(around, 3 * soft), soft)
    for hole in (marks[36:42], marks[42:48], marks[48:60]):
        mask = mask * (1 - gaussian(polygon(hole, size), soft))
    return mask, middle


def lab(images: Images) -> Tensor:
    """CIELAB [1 3 s s]."""
    return torch.from_numpy(to_lab(images)).permute(2, 0, 1)[None].float()


def polygon(points: Tensor, size: int) -> Tensor:
    """1 inside of points [k 2], in pixels: [1 1 s s]."""
    canvas = Image.new("L", (size, size))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points], fill=255)
    return torch.from_numpy(np.asarray(canvas, np.float32) / 255)[None, None]
