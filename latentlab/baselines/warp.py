"""Augmentation and random warp of deepfakes: a face bent out of shape, and the same face straight, as its target."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from latentlab.core.shapes import Images
from latentlab.training.draws import Draws

GRID = 5
"""Points a side of the grid that is shaken."""


@dataclass(frozen=True)
class Warp:
    """Lengths are pixels of a 256-pixel picture, as published."""

    turn: float = 10.0
    """Degrees."""
    zoom: float = 0.05
    shift: float = 0.05
    """Share of the side."""
    mirror: float = 0.4
    """How often left and right are exchanged."""
    reach: float = 80.0
    """Half the side of the square that is cut out."""
    shake: float = 5.0
    """Deviation of the grid's points."""
    centre_y: float = 128.0
    """Middle of the square; the published crops have it in the middle of the picture."""

    def __call__(self, images: Images, draws: Draws, size: int) -> tuple[Images, Images]:
        """(warped, target) [n 3 size size] of pictures [n 3 h h]."""
        images = self.move(images, draws)
        scale = images.shape[-1] / 256
        steps = torch.linspace(-self.reach, self.reach, GRID, device=images.device, dtype=images.dtype)
        y, x = torch.meshgrid(steps + self.centre_y, steps + 128.0, indexing="ij")
        grid = torch.stack([x, y])[None] + self.shake * draws.normal(2, GRID, GRID).to(images)  # [n 2 5 5]
        return sample(images, spread(grid, size) * scale), sample(images, straight(grid, size) * scale)

    def move(self, images: Images, draws: Draws) -> Images:
        """Turned, zoomed, shifted, perhaps mirrored; what comes in from outside repeats the edge."""
        chance = draws.uniform(5).to(images)  # [n 5]
        angle = (2 * chance[:, 0] - 1) * math.radians(self.turn)
        zoom = 1 + (2 * chance[:, 1] - 1) * self.zoom
        mirror = torch.where(chance[:, 4] < self.mirror, -1.0, 1.0)
        rows = torch.zeros(len(images), 2, 3, device=images.device, dtype=images.dtype)
        rows[:, 0, 0], rows[:, 0, 1] = angle.cos() * mirror / zoom, angle.sin() / zoom
        rows[:, 1, 0], rows[:, 1, 1] = -angle.sin() * mirror / zoom, angle.cos() / zoom
        rows[:, :, 2] = (2 * chance[:, 2:4] - 1) * 2 * self.shift
        grid = torch.nn.functional.affine_grid(rows, list(images.shape), align_corners=False)
        return grid_sample(images, grid, padding_mode="border", align_corners=False)


def spread(grid: Tensor, size: int) -> Tensor:
    """Where each pixel [n 2 size size] of the warped picture is taken from: the grid enlarged, its margins cut off."""
    large = size * 5 // 4
    margin = (large - size) // 2
    dense = interpolate(grid, (large, large), mode="bilinear", align_corners=False)
    return dense[:, :, margin : margin + size, margin : margin + size]


def straight(grid: Tensor, size: int) -> Tensor:
    """The same without the bending: the similarity nearest to the shaken grid (Umeyama 1991), [n 2 size size].

    In the plane a similarity is z → a·z + b with complex a and b, so that least squares gives it at once.
    """
    n = len(grid)
    own = torch.complex(grid[:, 0], grid[:, 1]).flatten(1)  # [n 25]
    steps = torch.linspace(0, size, GRID, device=grid.device, dtype=grid.dtype)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    target = torch.complex(x, y).flatten()[None].expand(n, -1)
    centre, middle = own.mean(1, keepdim=True), target.mean(1, keepdim=True)
    own0, target0 = own - centre, target - middle
    a = (own0.conj() * target0).sum(1) / own0.abs().square().sum(1)  # [n]

    rows = torch.arange(size, device=grid.device, dtype=grid.dtype)
    y, x = torch.meshgrid(rows, rows, indexing="ij")
    pixels = torch.complex(x, y).flatten()[None]
    source = (pixels - middle) / a[:, None] + centre  # the way back
    return torch.stack([source.real, source.imag], 1).unflatten(2, (size, size))


def sample(images: Images, places: Tensor) -> Images:
    """Pictures read at places [n 2 h w] in pixels, (0, 0) the middle of the first one."""
    side = images.shape[-1]
    grid = ((2 * places + 1) / side - 1).permute(0, 2, 3, 1)
    return grid_sample(images, grid, padding_mode="border", align_corners=False)
