"""The true way from one state of a face to another: where each pixel came from, and whether it could be seen there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cuda_ops.rasterize import interpolate, rasterize
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.world.factors import Face, columns
from latentlab.world.model import PARTS
from latentlab.world.render import Renderer
from latentlab.world.scene import MATERIALS, join, pose_head
from latentlab.world.strips import dress

NEAR = 0.6
"""A place is hidden where something stands more than so many centimetres before it."""
LEAST = 1e-3
"""Triangles with a smaller area, in pixels of the picture, are not there: hair that has not grown, glasses not worn."""


@dataclass(frozen=True, eq=False)
class Correspondence:
    """For every pixel of the later pictures, its place in the earlier ones."""

    flow: Tensor
    """Pixels (x right, y down) from a pixel of `after` to its place in `before`, [n, 2, size, size]; 0 on background."""
    seen: Tensor
    """Whether that place shows the same thing in `before`, bool [n, 1, size, size]."""
    head: Tensor
    """Whether `before` and `after` show anything but background at a pixel, bool [n, 2, size, size]."""

    def colour_change(self, before: Images, after: Images) -> Tensor:
        """What the colour became beyond the movement, [n, 3, size, size]; 0 where the place was not seen."""
        return (after - warp(before, self.flow)) * self.seen


def correspond(renderer: Renderer, before: list[Face], after: list[Face], size: int = 256) -> Correspondence:
    """Where every pixel of the faces `after` came from in the faces `before`, pair by pair.

    Raises:
        BadInput: lists of different lengths, or empty ones.
    """
    if not before or len(before) != len(after):
        raise BadInput(
            f"a correspondence needs pairs of faces; {len(before)} before and {len(after)} after are none"
        )
    found = [_pair(renderer, pair, size) for pair in zip(before, after, strict=True)]
    return Correspondence(
        *(torch.cat([getattr(one, name) for one in found]) for name in ("flow", "seen", "head"))
    )


def _pair(renderer: Renderer, pair: tuple[Face, Face], size: int) -> Correspondence:
    """Both states in one batch, so that they share one mesh."""
    head = renderer.head
    table = columns(list(pair), head.rest.device)
    camera, own, body = pose_head(head, table)
    scene = join(head, camera, own, body, dress(renderer.wardrobe, head, table, camera, own, size))
    canvas = camera.project(scene.points, size).contiguous()
    index, inverse = rasterize(canvas, scene.triangles, size, size)

    shown = index[1].flatten().long()  # [p]
    pixels = torch.nonzero(shown >= 0)[:, 0]
    place = interpolate(
        canvas[:1].contiguous(),
        scene.triangles,
        canvas[1:].contiguous(),
        scene.triangles,
        index[1:].contiguous(),
        pixels,
    )  # [p 3]
    here = torch.stack([pixels % size, torch.div(pixels, size, rounding_mode="floor")], 1) + 0.5
    flow = canvas.new_zeros(size * size, 2)
    flow[pixels] = place[:, :2] - here

    seen = index[0].flatten() < 0  # background that was background
    seen[pixels] = _same(
        scene.triangles, _kinds(scene.material), canvas[0], (index[0], inverse[0]), shown[pixels], place
    )
    return Correspondence(flow.T.reshape(1, 2, size, size), seen.view(1, 1, size, size), (index >= 0)[None])


def _same(
    triangles: Tensor,
    kind: Tensor,
    canvas: Tensor,
    picture: tuple[Tensor, Tensor],
    shown: Tensor,
    place: Tensor,
) -> Tensor:
    """Whether these triangles can be seen at these places [p 3] of the other picture."""
    index, inverse = picture
    size = index.shape[-1]
    x, y = place[:, 0].floor().long(), place[:, 1].floor().long()
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    spot = y.clamp(0, size - 1) * size + x.clamp(0, size - 1)
    there = index.flatten()[spot].long()
    front = 1 / inverse.flatten()[spot].clamp_min(1e-6)
    a, b, c = canvas[triangles[shown].long()][..., :2].unbind(1)
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).abs() / 2
    alike = (there >= 0) & (kind[there.clamp_min(0)] == kind[shown])
    return inside & alike & (place[:, 2] < front + NEAR) & (area > LEAST)


def _kinds(material: Tensor) -> Tensor:
    """Materials without the seam between face and head."""
    return torch.where(material == MATERIALS.index(PARTS[1]), MATERIALS.index(PARTS[0]), material)
