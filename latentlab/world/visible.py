"""The visible pixels of a batch and the classes they can have."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cuda_ops.rasterize import interpolate
from latentlab.world.scene import MATERIALS, Scene
from latentlab.world.shadow import crevices, lit_share

MASK_CLASSES = (
    "background", "skin", "brows", "eyes", "nose", "lips", "mouth", "hair", "ears", "neck", "glasses", "cloth",
)  # fmt: skip
"""Face-parsing classes, in the order of the labels."""
CLASS = {name: number for number, name in enumerate(MASK_CLASSES)}


@dataclass(frozen=True, eq=False)
class Visible:
    """The covered pixels of a batch, [p] and [p, ...]."""

    pixels: Tensor
    """Places in the flattened index, int64."""
    image: Tensor
    """Which face, int64."""
    material: Tensor
    """Place in `MATERIALS`, int64."""
    normal: Tensor
    """Unit, camera frame."""
    place: Tensor
    """Camera frame."""
    extra: Tensor
    """Six numbers for the material."""
    view: Tensor
    """Towards the camera, unit."""
    lit: Tensor
    """Share of the key light that arrives."""
    sky: Tensor
    """Share of the ambient light that arrives."""

    def of(self, *names: str) -> Visible | None:
        """The pixels of some materials, or None where there are none."""
        chosen = torch.zeros_like(self.material, dtype=torch.bool)
        for name in names:
            chosen |= self.material == MATERIALS.index(name)
        rows = torch.nonzero(chosen)[:, 0]
        return Visible(*(getattr(self, f.name)[rows] for f in fields(self))) if len(rows) else None


def find_visible(
    scene: Scene, table: dict[str, Tensor], canvas: Tensor, index: Tensor, depth: Tensor, towards: Tensor
) -> Visible:
    """Interpolates what every covered pixel shows, and how much light comes there."""
    side = index.shape[-1]
    pixels = torch.nonzero(index.flatten() >= 0)[:, 0]
    attributes = interpolate(scene.attributes, scene.triangles, canvas, scene.triangles, index, pixels)
    image = pixels // (side * side)
    normal, place = normalize(attributes[:, 0:3], dim=1), attributes[:, 3:6]
    eye = torch.zeros_like(place)
    eye[:, 2] = table["distance"][image]
    view = normalize(eye - place, dim=1)
    sky = crevices(depth, index >= 0).flatten()[pixels]
    lit = lit_share(scene.points, scene.opaque(), towards, place, image, min(side, 512))
    material = scene.material[index.flatten()[pixels].long()]
    return Visible(pixels, image, material, normal, place, attributes[:, 6:12], view, lit, sky)
