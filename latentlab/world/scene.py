"""Everything that is drawn of a batch of faces as one mesh: head, hair, beard, glasses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.camera import Camera, aim
from latentlab.world.head import Head, vertex_normals
from latentlab.world.model import PARTS
from latentlab.world.toon import enlarge_eyes

MATERIALS = (*PARTS, "hair", "beard", "frame")
"""What a triangle is made of; the first ones are the parts of the head."""


@dataclass(frozen=True, eq=False)
class Strip:
    """A mesh that joins the head: one topology for all faces of the batch."""

    points: Tensor
    """Camera frame, [n, v, 3]."""
    attributes: Tensor
    """Unit normal, position and six numbers for the material, [n, v, 12]."""
    triangles: Tensor
    """int32 [t, 3]."""
    opaque: Tensor
    """Those that cast shadows, int32 [t, 3]."""
    material: int
    """Place in `MATERIALS`."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One vertex list for each face, one triangle list for all."""

    camera: Camera
    own: Tensor
    """The head in its own frame, [n, v, 3]."""
    points: Tensor
    """Camera frame (x right, y up, z to the camera, centimetres from the pivot), [n, v, 3]."""
    attributes: Tensor
    """Normal, position and six numbers for the material, [n, v, 12]."""
    triangles: Tensor
    """int32 [t, 3]."""
    corners: Tensor
    """The head's triangles into its texture coordinates, the others into nothing, int32 [t, 3]."""
    material: Tensor
    """Place in `MATERIALS`, int64 [t]."""
    opaque: Tensor
    """The triangles that cast shadows, int32 [t, 3]."""
    landmarks: Tensor
    """Camera frame, [n, 68, 3]."""


def pose_head(head: Head, table: dict[str, Tensor], *, toon: bool = False) -> tuple[Camera, Tensor, Strip]:
    """The head in its own frame and, posed, as the first mesh of the scene."""
    own = head.deform(table)
    if toon:
        own = enlarge_eyes(head, own)
    camera = aim(table, own[:, head.landmarks])
    bend = 0.35 + 0.65 * ((head.rest[:, 1] + 15) / 8).clamp(0, 1) ** 1.5
    points = camera.place(own, bend)
    normals = vertex_normals(points, head.triangles, head.fans, head.fan_starts)
    tangent = head.tangent @ camera.turn.transpose(1, 2)
    extra = torch.cat([head.surface.expand(len(points), -1, -1), tangent], 2)
    attributes = torch.cat([normals, points, extra], 2)
    return camera, own, Strip(points, attributes, head.triangles, head.opaque, 0)


def join(head: Head, camera: Camera, own: Tensor, body: Strip, others: list[Strip]) -> Scene:
    """All meshes as one."""
    strips = [body, *others]
    starts = [0]
    for strip in strips[:-1]:
        starts.append(starts[-1] + strip.points.shape[1])
    triangles, opaque = (
        torch.cat([getattr(strip, name) + start for strip, start in zip(strips, starts, strict=True)])
        for name in ("triangles", "opaque")
    )
    material = [head.triangle_part] + [
        torch.full((len(s.triangles),), s.material, device=own.device) for s in others
    ]
    nothing = torch.zeros(len(triangles) - len(head.triangles), 3, dtype=torch.int32, device=own.device)
    return Scene(
        camera=camera, own=own, points=torch.cat([s.points for s in strips], 1),
        attributes=torch.cat([s.attributes for s in strips], 1),
        triangles=triangles.int().contiguous(), corners=torch.cat([head.triangles_uv, nothing]).contiguous(),
        material=torch.cat(material), opaque=opaque.int().contiguous(), landmarks=body.points[:, head.landmarks],
    )  # fmt: skip
