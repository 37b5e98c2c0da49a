"""A photo drawn as a cartoon at its own size: eyes larger, light in two steps, small detail gone, lines where colours part."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.makeup.colour import from_lab
from latentlab.editing.style.filters import gaussian
from latentlab.editing.style.skin import UNIT, lab, skin_of


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


def edge_kept(images: Tensor, width: float) -> Tensor:
    """Smooth but at edges: the guided filter, guided by itself (He et al. 2010)."""
    mean = gaussian(images, width)
    spread = (gaussian(images.square(), width) - mean.square()).clamp_min(0)
    share = spread / (spread + 36.0)
    return gaussian(mean * (1 - share), width) + gaussian(share, width) * images


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
