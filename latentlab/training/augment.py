"""The `bgc` pipe of adaptive augmentation: blits, geometry and colour (Karras et al. 2020, ADA, Appendix B)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, pad

from cuda_ops import downsample2d, setup_filter, upsample2d
from latentlab.core.shapes import Images
from latentlab.training.draws import Draws
from latentlab.training.grid_sample import grid_sample

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""Low-pass filter of the symlet with six vanishing moments."""
EDGE = 3
"""Pixels around the image that the filters need: a quarter of their taps."""


@dataclass(frozen=True)
class Pipe:
    """Each transformation happens with the probability `strength`, which the controller steers."""

    blit: bool = True
    """x-flips, quarter turns, shifts by whole pixels."""
    geometry: bool = True
    """Scaling, rotation, stretching, shifts by fractions of a pixel."""
    colour: bool = True
    """Brightness, contrast, luma flip, hue, saturation."""
    flip: bool = True
    """x-flips may be turned off for what is not symmetric."""
    scale_sd: float = 0.2
    shift_sd: float = 0.125
    brightness_sd: float = 0.2
    contrast_sd: float = 0.5
    saturation_sd: float = 1.0

    def __call__(self, images: Images, strength: float, draws: Draws) -> Images:
        """Augmented images; differentiable any number of times. Each sample's draws depend on the sample alone."""
        chances = draws.uniform(32).cpu()
        normals = draws.normal(8).cpu()
        if strength <= 0:
            return images
        if self.blit or self.geometry:
            images = self._warp(images, self._placements(images, strength, chances, normals))
        if self.colour:
            colours = self._colours(strength, chances, normals).to(images)
            images = _coloured(images, colours)
        return images

    def _placements(self, images: Images, strength: float, u: Tensor, z: Tensor) -> Tensor:
        """Where each output point comes from, [n 3 3], in pixels from the centre."""
        height, width = images.shape[2:]
        place = torch.eye(3).repeat(len(images), 1, 1)
        if self.blit:
            flip = _gate(1 - 2 * (u[:, 0] < 0.5).float(), 1.0, u[:, 1], strength if self.flip else 0.0)
            place = place @ _stretch(flip, torch.ones_like(flip))
            place = place @ _turn(_gate((u[:, 2] * 4).floor() * (math.pi / 2), 0.0, u[:, 3], strength))
            shift = (u[:, 4:6] * 2 - 1) * self.shift_sd * torch.tensor([width, height])
            place = place @ _shift(_gate(shift.round(), 0.0, u[:, 6:7], strength))
        if self.geometry:
            size = _gate(torch.exp2(z[:, 0] * self.scale_sd), 1.0, u[:, 7], strength)
            place = place @ _stretch(1 / size, 1 / size)
            some = 1 - math.sqrt(1 - min(strength, 1.0))  # two turns: either or both with `strength` in all
            place = place @ _turn(_gate((u[:, 8] * 2 - 1) * math.pi, 0.0, u[:, 9], some))
            ratio = _gate(torch.exp2(z[:, 1] * self.scale_sd), 1.0, u[:, 10], strength)
            place = place @ _stretch(1 / ratio, ratio)
            place = place @ _turn(_gate((u[:, 11] * 2 - 1) * math.pi, 0.0, u[:, 12], some))
            shift = z[:, 2:4] * self.shift_sd * torch.tensor([width, height])
            place = place @ _shift(_gate(shift, 0.0, u[:, 13:14], strength))
        return place

    def _colours(self, strength: float, u: Tensor, z: Tensor) -> Tensor:
        """Affine maps of colour, [n 4 4]."""
        count = len(u)
        grey = torch.tensor([1.0, 1.0, 1.0, 0.0]) / math.sqrt(3)  # the luma axis
        along, one = grey.outer(grey), torch.eye(4)
        brightness = _gate(z[:, 4] * self.brightness_sd, 0.0, u[:, 16], strength)
        colours = one.repeat(count, 1, 1)
        colours[:, :3, 3] = brightness[:, None]
        contrast = _gate(torch.exp2(z[:, 5] * self.contrast_sd), 1.0, u[:, 17], strength)
        colours = torch.diag_embed(torch.stack([contrast] * 3 + [torch.ones(count)], 1)) @ colours
        mirrored = _gate((u[:, 18] < 0.5).float(), 0.0, u[:, 19], strength)[:, None, None]
        colours = (one - 2 * along * mirrored) @ colours
        colours = _hue(_gate((u[:, 20] * 2 - 1) * math.pi, 0.0, u[:, 21], strength)) @ colours
        saturation = _gate(torch.exp2(z[:, 6] * self.saturation_sd), 1.0, u[:, 22], strength)[:, None, None]
        return (along + (one - along) * saturation) @ colours

    def _warp(self, images: Images, place: Tensor) -> Images:
        """Resample at twice the size between a wavelet's filters, images continued by reflection."""
        height, width = images.shape[2:]
        left, right, top, bottom = _margins(place, width, height)
        padded = pad(images, (left, right, top, bottom), "reflect")
        offset = torch.tensor([[left - right, top - bottom]]) / 2
        place = _shift(offset.expand(len(place), 2)) @ place

        filter_ = setup_filter(SYM6, device=images.device)
        large = upsample2d(padded, filter_.to(images.dtype), up=2)
        rows, columns = (height + 2 * EDGE) * 2, (width + 2 * EDGE) * 2
        inward = torch.diag(torch.tensor([2 * 2 / large.shape[3], 2 * 2 / large.shape[2], 1.0]))
        outward = torch.diag(torch.tensor([columns / 4, rows / 4, 1.0]))
        theta = (inward @ place @ outward)[:, :2].to(images)
        grid = affine_grid(theta, [len(images), 1, rows, columns], align_corners=False)
        return downsample2d(
            grid_sample(large, grid), filter_.to(images.dtype), down=2, padding=-2 * EDGE, flip_filter=True
        )


def _coloured(images: Images, colours: Tensor) -> Images:
    """Affine maps [n 4 4] of the three colours; grey takes their mean effect, further channels (alpha, masks) stay."""
    count = 3 if images.shape[1] >= 3 else 1
    flat = images[:, :count].flatten(2)  # [n count pixels]
    matrix, offset = colours[:, :3, :3], colours[:, :3, 3:]
    if count == 1:
        matrix, offset = matrix.sum(2, keepdim=True).mean(1, keepdim=True), offset.mean(1, keepdim=True)
    changed = (matrix @ flat + offset).reshape(images[:, :count].shape)
    return changed if count == images.shape[1] else torch.cat([changed, images[:, count:]], dim=1)


def _gate(value: Tensor, otherwise: float, chance: Tensor, strength: float) -> Tensor:
    return torch.where(chance < strength, value, torch.full_like(value, otherwise))


def _margins(place: Tensor, width: int, height: int) -> tuple[int, int, int, int]:
    """How far beyond each side the images are looked at: left, right, top, bottom; at most what reflection gives."""
    x, y = (width - 1) / 2 + EDGE, (height - 1) / 2 + EDGE
    corners = torch.tensor([[-x, -y, 1], [x, -y, 1], [x, y, 1], [-x, y, 1]])
    seen = (place @ corners.T)[:, :2]  # [n 2 corners]
    low, high = seen.amin((0, 2)), seen.amax((0, 2))
    reach = [-low[0] - width / 2, high[0] - width / 2, -low[1] - height / 2, high[1] - height / 2]
    most = [width - 1, width - 1, height - 1, height - 1]
    left, right, top, bottom = (
        min(max(math.ceil(float(r)) + 2 * EDGE, 0), m) for r, m in zip(reach, most, strict=True)
    )
    return left, right, top, bottom


def _stretch(x: Tensor, y: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def _turn(angle: Tensor) -> Tensor:
    c, s, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([c, -s, zero, s, c, zero, zero, zero, one], 1).reshape(-1, 3, 3)


def _shift(offset: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(offset), 1, 1)
    matrix[:, :2, 2] = offset
    return matrix


def _hue(angle: Tensor) -> Tensor:
    """Rotation about the luma axis (Rodrigues), [n 4 4]."""
    k = 1 / math.sqrt(3)
    cross = torch.tensor([[0, -k, k], [k, 0, -k], [-k, k, 0]])
    c, s = angle.cos()[:, None, None], angle.sin()[:, None, None]
    matrix = torch.eye(4).repeat(len(angle), 1, 1)
    matrix[:, :3, :3] = torch.eye(3) * c + cross * s + torch.full((3, 3), k * k) * (1 - c)
    return matrix
