"""A photo drawn as a cartoon at its own size: eyes larger, light in two steps, small detail gone, lines where colours part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import pad

from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.makeup.colour import from_lab, to_lab
from latentlab.editing.style.filters import gaussian

UNIT = 256
"""Widths are pixels of a face of this side."""
LIKE_SKIN = (28.0, 9.0, 11.0)
"""By how much light, red and yellow of CIELAB differ where a colour is half as likely skin."""
GLOSS = 12.0
"""L above the middle at which skin may be twice as pale."""
RAISED = 0.5
"""How far above the brows skin is looked for, as a share of the way from brows to chin."""


@dataclass(frozen=True)
class Cartoon:
    """What the toon child does to the faces of its network, done to a photo. Chosen on 24 renders of seed 771177."""

    growth: tuple[float, float] = (0.30, 0.36)
    """By what share eyes grow, across and down."""
    reach: float = 0.365
    """Where the growth fades, in distances between the eyes."""
    smooth: float = 5.0
    """Width of what counts as light rather than detail."""
    contrast: float = 0.6
    """Of light against shade, as a share of the photo's."""
    core: float = 2.0
    """Detail that is fainter than this, in L of CIELAB, is left out."""
    tone: float = 1.0
    """How far the skin goes to the colour that the child gives it."""
    rest: float = 0.5
    """How much of the fine detail of hair, clothes and background is left out."""
    ink: float = 0.84
    """How dark lines are."""
    steep: tuple[float, float] = (3.0, 7.0)
    """Change of colour per pixel at which a line begins, and is fully drawn."""

    def draw(self, photo: Images, marks: Tensor, skin: Tensor | None, strength: float = 1.0) -> Images:
        """The aligned photo [1 3 s s] with its points [68 2]; `skin` is the colour of skin [3], CIELAB, None to keep it."""
        scale = photo.shape[-1] / UNIT
        grown = self._grown(photo, marks, strength)
        lines = self._lines(grown, scale)
        flat = self._flat(grown, marks, skin, scale)
        light = ((grown + strength * (flat - grown) + 1) / 2).clamp(0, 1) ** 2.2
        inked = light * (1 - strength * self.ink * lines)
        return (2 * inked.clamp_min(1e-6) ** (1 / 2.2) - 1).clamp(-1, 1)

    def _grown(self, photo: Images, marks: Tensor, strength: float) -> Images:
        """Eyes larger by a warp that fades around them; found backwards by a few steps of a fixed point."""
        size, eyes = photo.shape[-1], (marks[36:42].mean(0), marks[42:48].mean(0))
        apart = self.reach * (eyes[0] - eyes[1]).norm()
        along = torch.arange(size, dtype=torch.float32)
        there = torch.stack(torch.meshgrid(along, along, indexing="xy"), -1)  # [s s 2]
        growth, from_ = strength * torch.tensor(self.growth), there
        for _ in range(8):
            away = [from_ - eye for eye in eyes]
            moved = [a * growth * torch.exp(-(a / apart).square().sum(-1, keepdim=True)) for a in away]
            from_ = there - moved[0] - moved[1]
        return warp(photo, (from_ - there).permute(2, 0, 1)[None])

    def _flat(self, image: Images, marks: Tensor, skin: Tensor | None, scale: float) -> Images:
        """Skin in two steps of light and one colour; what is not skin stays."""
        colours = lab(image)
        mask, own = skin_of(image, marks)
        base = edge_kept(colours, self.smooth * scale)
        light = gaussian(base[:, :1], 2 * scale)
        low, high, middle = _two(light[mask > 0.5])
        middle_tone = (low + high) / 2
        low, high = (middle_tone + self.contrast * (x - middle_tone) for x in (low, high))
        step = ((light - middle) / 4 + 0.5).clamp(0, 1)
        step = step * step * (3 - 2 * step)
        detail = colours - base
        left = detail.sign() * (detail.abs() - self.core).clamp_min(0)
        shift = torch.zeros(3) if skin is None else self.tone * (skin - own)
        plain = torch.cat([low + (high - low) * step, base[:, 1:].lerp(own[None, 1:, None, None], 0.7)], 1)
        drawn = plain + left * torch.tensor([1, 0.3, 0.3])[:, None, None] + shift[:, None, None]
        calm = colours.lerp(edge_kept(colours, self.smooth / 2 * scale), self.rest)
        return from_lab((calm + mask * (drawn - calm))[0].permute(1, 2, 0).numpy()).to(image)

    def _lines(self, image: Images, scale: float) -> Tensor:
        """1 on lines [1 1 s s]: ridges of the gradient of colours (Canny 1986, without following)."""
        soft = gaussian(lab(image) * torch.tensor([1, 0.8, 0.8])[:, None, None], 1.2 * scale)
        grown = pad(soft, (1, 1, 1, 1), mode="replicate")
        across = (grown[..., 1:-1, 2:] - grown[..., 1:-1, :-2]) / 2 * scale
        down = (grown[..., 2:, 1:-1] - grown[..., :-2, 1:-1]) / 2 * scale
        steepness = (across.square() + down.square()).sum(1, keepdim=True).sqrt()
        most = (across.square() + down.square()).argmax(1, keepdim=True)
        way = torch.cat([across.gather(1, most), down.gather(1, most)], 1)
        way = way / way.norm(dim=1, keepdim=True).clamp_min(1e-6)
        ridge = (steepness >= warp(steepness, way)) & (steepness >= warp(steepness, -way))
        begin, full = self.steep
        thin = ridge * ((steepness - begin) / (full - begin)).clamp(0, 1)
        return (2.2 * scale * gaussian(thin, 0.6 * scale)).clamp(0, 1)


DRAWINGS = {"toon": Cartoon()}
"""Styles that ship of which it is known what they do to a photo."""


def skin_of(image: Images, marks: Tensor) -> tuple[Tensor, Tensor]:
    """Where an aligned face [1 3 s s] shows skin, 0 to 1 [1 1 s s], and its middle colour [3] in CIELAB."""
    size, colours = image.shape[-1], lab(image)
    brows = marks[17:27]
    outline = torch.cat([marks[:17], (brows + RAISED * (brows.mean(0) - marks[8])).flip(0)])
    neck = torch.stack([marks[3], marks[13], marks[13] * torch.tensor([1.0, 0]) + torch.tensor([0.0, size]),
                        marks[3] * torch.tensor([1.0, 0]) + torch.tensor([0.0, size])])  # fmt: skip
    face, centre = _filled(outline, size), outline.mean(0)
    middle = colours[0, :, face[0, 0] > 0.5].median(1).values
    inner = centre + 0.8 * (outline - centre)
    gloss = _filled(inner, size) * (colours[:, :1] - middle[0]).clamp_min(0)  # the brighter, the paler
    apart = (colours - middle[:, None, None]) / torch.tensor(LIKE_SKIN)[:, None, None] / (1 + gloss / GLOSS)
    like = (1.6 - apart.square().sum(1, keepdim=True).sqrt()).clamp(0, 1)
    around = torch.maximum(_filled(centre + 1.25 * (outline - centre), size), _filled(neck, size))
    soft = size / UNIT
    mask = gaussian(like * gaussian(around, 3 * soft), soft)
    for hole in (marks[36:42], marks[42:48], marks[48:60]):
        mask = mask * (1 - gaussian(_filled(hole, size), soft))
    return mask, middle


def edge_kept(images: Tensor, width: float) -> Tensor:
    """Smooth but at edges: the guided filter, guided by itself (He et al. 2010)."""
    mean = gaussian(images, width)
    spread = (gaussian(images.square(), width) - mean.square()).clamp_min(0)
    share = spread / (spread + 36.0)
    return gaussian(mean * (1 - share), width) + gaussian(share, width) * images


def lab(images: Images) -> Tensor:
    """CIELAB [1 3 s s]."""
    return torch.from_numpy(to_lab(images)).permute(2, 0, 1)[None].float()


def _two(light: Tensor) -> tuple[float, float, float]:
    """Means of the darker and the lighter half, and what parts them (Lloyd's two means)."""
    if len(light) < 8:
        return 50.0, 50.0, 50.0
    parting = float(light.quantile(0.3)) if len(light) < 1_000_000 else float(light.median())
    low = high = parting
    for _ in range(12):
        dark = light < parting
        low = float(light[dark].mean()) if bool(dark.any()) else parting
        high = float(light[~dark].mean()) if bool((~dark).any()) else parting
        parting = (low + high) / 2
    return low, high, parting


def _filled(points: Tensor, size: int) -> Tensor:
    canvas = Image.new("L", (size, size))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points], fill=255)
    return torch.from_numpy(np.asarray(canvas, np.float32) / 255)[None, None]
