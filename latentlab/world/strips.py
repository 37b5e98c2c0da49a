"""What a head wears, as meshes that join the scene: hair, lashes, beard and glasses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.beard import BeardRoots, grow_beard, prepare_beard
from latentlab.world.camera import Camera
from latentlab.world.factors import BEARD_STYLES, GLASSES_STYLES, HAIR_STYLES
from latentlab.world.glasses import build_glasses, frame_triangles
from latentlab.world.hair import fit_to, grow, ribbon_triangles, ribbons
from latentlab.world.haircuts import cut_of
from latentlab.world.head import Head
from latentlab.world.scalp import CENTRE, ROOTS, Scalp, prepare_scalp
from latentlab.world.scene import MATERIALS, Strip

RUN = 48
"""Triangles of neighbouring ribbons that cast their shadow together, or none."""


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """Roots of everything that grows on one head."""

    scalp: Scalp
    beard: BeardRoots


def prepare_wardrobe(head: Head) -> Wardrobe:
    """Scatters all roots once."""
    return Wardrobe(prepare_scalp(head), prepare_beard(head))


def dress(
    wardrobe: Wardrobe, head: Head, table: dict[str, Tensor], camera: Camera, own: Tensor, size: int
) -> list[Strip]:
    """The meshes that some face of the batch needs; small pictures get fewer, wider ribbons."""
    strips = [_lashes(head, table, camera, own, size)] if len(head.lashes.first) else []
    if bool((table["hair_style"] != HAIR_STYLES.index("bald")).any()):
        strips.append(_hair(wardrobe.scalp, table, camera, own, size))
    if bool((table["beard_style"] > BEARD_STYLES.index("stubble")).any()):
        strips.append(_beard(wardrobe.beard, table, camera, own, size))
    if bool((table["glasses"] != GLASSES_STYLES.index("none")).any()):
        strips.append(_frame(head, table, camera, own))
    return strips


def _middle(camera: Camera, own: Tensor) -> Tensor:
    return camera.place(own.new_tensor(CENTRE).view(1, 1, 3).expand(len(own), 1, 3))[:, 0]


def _strip(
    strands: Tensor,
    there: Tensor,
    half_width: Tensor,
    chance: Tensor,
    table: dict[str, Tensor],
    camera: Camera,
    material: str,
) -> Strip:
    placed = camera.place(strands.flatten(1, 2)).view(strands.shape)
    points, attributes = ribbons(
        placed, there, half_width, table["distance"], chance, _middle(camera, strands)
    )
    triangles = ribbon_triangles(strands.shape[1], strands.shape[2]).to(strands.device)
    return Strip(points, attributes, triangles, _opaque(triangles, material), MATERIALS.index(material))


def _opaque(triangles: Tensor, material: str) -> Tensor:
    """The ribbons that cast shadows: no lashes, and of hair every other run, since locks overlap."""
    if material == "lashes":
        return triangles[:0]
    if material == "hair":
        run = (torch.arange(1, len(triangles) + 1, device=triangles.device) // RUN) % 2
        return triangles[run == 0]
    return triangles


def _hair(scalp: Scalp, table: dict[str, Tensor], camera: Camera, own: Tensor, size: int) -> Strip:
    count, segments = (ROOTS, 12) if size >= 192 else (ROOTS // 2, 9) if size >= 96 else (ROOTS // 3, 8)
    scalp = scalp.thin(count)
    strands, there = grow(scalp, table, camera, segments)
    cut = cut_of(table["hair_style"])
    half = 0.085 * (ROOTS / count) ** 0.5 * cut["width"][:, None] * (0.7 + 0.6 * scalp.chance[None, :, 3])
    return _strip(fit_to(scalp, own, strands), there, half, scalp.chance, table, camera, "hair")


def _lashes(head: Head, table: dict[str, Tensor], camera: Camera, own: Tensor, size: int) -> Strip:
    lashes = head.lashes
    thick = 0.75 + 0.2 * (1 - table["presentation"]) + 0.6 * table["liner"]
    half = torch.where(lashes.upper, 0.026, 0.010)[None] * thick[:, None]
    # lower lashes are thinner than a sub-pixel of a small picture, which would show them as loose dots
    there = (lashes.upper | (size >= 512)).expand(half.shape)
    return _strip(lashes.points(own), there, half, lashes.chance, table, camera, "lashes")


def _beard(roots: BeardRoots, table: dict[str, Tensor], camera: Camera, own: Tensor, size: int) -> Strip:
    roots = roots if size >= 192 else roots.thin(len(roots.root) // 2)
    strands, there = grow_beard(roots, own, table)
    half = (0.045 if size >= 192 else 0.07) * (0.7 + 0.6 * roots.chance[None, :, 3]).expand(len(own), -1)
    return _strip(strands, there, half, roots.chance, table, camera, "beard")


def _frame(head: Head, table: dict[str, Tensor], camera: Camera, own: Tensor) -> Strip:
    points, normals, _ = build_glasses(table, own[:, head.landmarks])
    placed = camera.place(points)
    turned = normals @ camera.turn.transpose(1, 2)
    worn = (table["glasses"] != GLASSES_STYLES.index("none"))[:, None, None]
    placed = torch.where(worn, placed, placed.new_tensor([0.0, 0.0, -40.0]))
    extra = torch.zeros(*points.shape[:2], 6, device=own.device)
    return Strip(
        placed,
        torch.cat([turned, placed, extra], 2),
        frame_triangles().to(own.device),
        frame_triangles().to(own.device),
        MATERIALS.index("frame"),
    )
