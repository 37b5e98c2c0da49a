"""What the pixels of a batch show, material by material, and the classes they can have."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cuda_ops.rasterize import interpolate
from latentlab.world.head import EYES
from latentlab.world.light import pick
from latentlab.world.model import PARTS
from latentlab.world.scene import MATERIALS, Scene
from latentlab.world.shadow import ShadowMap, cast_shadows, crevices
from latentlab.world.vectors import unit

MASK_CLASSES = (
    "background", "skin", "brows", "eyes", "nose", "lips", "mouth", "hair", "ears", "neck", "glasses", "cloth",
)  # fmt: skip
"""Face-parsing classes, in the order of the labels."""
CLASS = {name: number for number, name in enumerate(MASK_CLASSES)}
PAINTED = ("face", "head", "eyes", "teeth", "gums", "mouth", "hair", "beard", "lashes", "frame")
"""The materials, both eyes as one."""


@dataclass(frozen=True, eq=False)
class Visible:
    """Some pixels of one material, [p], vectors [3, p]."""

    pixels: Tensor
    """Places in the flattened index, int64."""
    image: Tensor
    """Which face of those that are looked at, int64; of a single one [1]."""
    normal: Tensor
    """Unit, camera frame."""
    extra: Tensor
    """Six numbers for the material, [6, p]."""
    view: Tensor
    """Towards the camera, unit."""
    lit: Tensor
    """Share of the key light that arrives."""
    sky: Tensor
    """Share of the ambient light that arrives."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """Everything that pixels can be asked about."""

    scene: Scene
    canvas: Tensor
    """The scene's points on the screen, [n, v, 3]."""
    index: Tensor
    """Which triangle each pixel shows, int32 [n, h, w]."""
    distance: Tensor
    """Of the camera, [n]."""
    open_sky: Tensor
    """Share of the ambient light that reaches each pixel, [n, h, w]."""
    shadows: ShadowMap
    """Where the key light does not come."""

    def spots(self, rows: slice, most: int) -> list[tuple[str, Tensor]]:
        """The pixels of some faces as runs of one material, at most so many in each."""
        number = torch.zeros(len(MATERIALS), dtype=torch.uint8, device=self.index.device)
        for place, name in enumerate(MATERIALS):
            number[place] = PAINTED.index("eyes" if name in _EYES else name)
        nothing = number.new_full((1,), len(PAINTED))
        shown = torch.cat([nothing, number[self.scene.material]]).index_select(
            0, self.index[rows].flatten() + 1
        )

        pixels = shown.sort(stable=True).indices + rows.start * self.index[0].numel()
        counts = torch.bincount(shown, minlength=len(PAINTED) + 1).tolist()
        groups = zip(PAINTED, pixels.split(counts), strict=False)
        return [(name, run) for name, group in groups for run in group.split(most) if len(run)]

    def at(self, pixels: Tensor, rows: slice) -> Visible:
        """What pixels of some faces show."""
        single = rows.stop - rows.start == 1
        image = (
            pixels.new_zeros(1) if single else torch.div(pixels, self.index[0].numel(), rounding_mode="floor")
        )
        values = self.read(self.scene.attributes, self.scene.triangles, pixels)
        place, view = values[3:6], -values[3:6]
        view[2] += pick(self.distance[rows], image)
        return Visible(
            pixels, image, unit(values[:3]), values[6:12], unit(view), self.shadows.lit_share(place, image, rows),
            self.open_sky.flatten().index_select(0, pixels),
        )  # fmt: skip

    def read(self, attributes: Tensor, corners: Tensor, pixels: Tensor) -> Tensor:
        """Interpolated attributes, [channels, p]."""
        return interpolate(attributes, corners, self.canvas, self.scene.triangles, self.index, pixels).T


_EYES = tuple(PARTS[eye] for eye in EYES)


def look(
    scene: Scene, table: dict[str, Tensor], canvas: Tensor, index: Tensor, depth: Tensor, towards: Tensor
) -> Outlook:
    """Finds out where light comes, for all pixels of a batch."""
    shadows = cast_shadows(scene.points, scene.opaque, towards, min(index.shape[-1], 512))
    return Outlook(scene, canvas, index, table["distance"], crevices(depth, index >= 0), shadows)
