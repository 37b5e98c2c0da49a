"""Lenses of glasses: a thin, tinted, slightly mirroring layer over what is behind them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cuda_ops.rasterize import interpolate, rasterize
from latentlab.world.camera import Camera
from latentlab.world.factors import GLASSES_STYLES
from latentlab.world.glasses import build_glasses, lens_triangles
from latentlab.world.light import Light, pick
from latentlab.world.vectors import dot, unit

BULGE = 0.09
"""How much a lens is curved, by centimetre from its middle."""


def lay_lenses(
    colour: Tensor, inverse: Tensor, table: dict[str, Tensor], light: Light, camera: Camera, landmarks: Tensor
) -> Tensor:
    """Linear RGB [3, n, h, w] seen through the lenses; inverse [n, h, w]: 1/depth of the scene behind (0: nothing).

    landmarks: the face's own frame, [n, 68, 3]."""
    worn = table["glasses"] != GLASSES_STYLES.index("none")
    if not bool(worn.any()):
        return colour
    _, _, lenses = build_glasses(table, landmarks)
    placed = torch.where(worn[:, None, None], camera.place(lenses), lenses.new_tensor([0.0, 0.0, 1e6]))
    side = inverse.shape[-1]
    canvas = camera.project(placed, side).contiguous()
    triangles = lens_triangles().to(canvas.device)
    index, nearness = rasterize(canvas, triangles, side, side)
    pixels = torch.nonzero((nearness > inverse).flatten())[:, 0]
    if not len(pixels):
        return colour

    middle = lenses.unflatten(1, (2, -1)).mean(2, keepdim=True)
    curved = (lenses.unflatten(1, (2, -1)) - middle).flatten(1, 2) * lenses.new_tensor([BULGE, BULGE, 0.0])
    normals = normalize(curved + lenses.new_tensor([0.0, -0.08, 1.0]), dim=2) @ camera.turn.transpose(1, 2)
    seen = interpolate(torch.cat([normals, placed], 2), triangles, canvas, triangles, index, pixels).T
    image = pixels // (side * side)
    normal, view = unit(seen[:3]), -seen[3:]
    view[2] += pick(table["distance"], image)
    view = unit(view)
    facing = dot(normal, unit(pick(light.direction, image) + view)).clamp(0, 1)
    grazing = (1 - dot(normal, view).clamp(0, 1)) ** 3

    tint = pick(table["glasses_tint"], image)
    glass = tint * pick(table["glasses_colour"], image) * 0.05
    mirror = 0.25 * facing**90 * pick(light.key, image) + (0.015 + 0.10 * grazing) * pick(light.sky, image)
    flat = colour.reshape(3, -1).clone()
    flat[:, pixels] = flat[:, pixels] * (1 - 0.93 * tint) * 0.97 + glass + mirror
    return flat.view(colour.shape)
