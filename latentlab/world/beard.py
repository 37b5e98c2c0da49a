"""Beards: short ribbons rooted on the skin of jaw, chin and upper lip, moving with the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentlab.world.factors import BEARD_STYLES
from latentlab.world.head import Head

ROOTS = 2600
SEGMENTS = 4
LENGTHS = {"none": 0.0, "stubble": 0.0, "moustache": 1.0, "goatee": 1.3, "full": 1.5}
"""Centimetres at medium length."""
ZONES = {
    "none": (),
    "stubble": ("beard",),
    "moustache": ("moustache",),
    "goatee": ("goatee", "moustache"),
    "full": ("beard", "moustache"),
}
"""The painted maps on which each style grows."""


@dataclass(frozen=True, eq=False)
class BeardRoots:
    """Where beard hairs sit."""

    corners: Tensor
    """The head's vertices round each root, int64 [r, 3]."""
    weights: Tensor
    """[r, 3]."""
    outward: Tensor
    """Rest normal, [r, 3]."""
    root: Tensor
    """Rest position, [r, 3]."""
    grown: Tensor
    """Share of hair there for each style, [styles, r]."""
    chance: Tensor
    """Uniform random numbers, [r, 4]."""

    def thin(self, count: int) -> BeardRoots:
        """The first roots only (they are in random order)."""
        return BeardRoots(
            self.corners[:count], self.weights[:count], self.outward[:count], self.root[:count], self.grown[:, :count], self.chance[:count]
        )  # fmt: skip


def beard_cover(maps: dict[str, Tensor], style: Tensor) -> Tensor:
    """How much of a beard grows at pixels with these maps, for the style of each pixel's face, [p]."""
    cover = torch.zeros_like(maps["beard"])
    for number in style.unique().tolist():
        for zone in ZONES[BEARD_STYLES[number]]:
            cover = torch.maximum(cover, maps[zone] * (style == number))
    return cover


def prepare_beard(head: Head) -> BeardRoots:
    """Scatters the roots over everything that can grow a beard; the same every time."""
    random = np.random.default_rng(31)
    faces = torch.nonzero(head.triangle_part == 0)[:, 0]
    corners, corners_uv = head.triangles[faces].long(), head.triangles_uv[faces].long()
    uv = head.texcoords[corners_uv].mean(1)
    zone = _zones(head, uv).amax(0) * (uv[:, 0] < 1)
    a, b, c = head.rest[corners].unbind(1)
    normal = torch.cross(b - a, c - a, dim=1)
    chances = (normal.norm(dim=1) * zone).double() + 1e-12
    picked = torch.from_numpy(random.choice(len(faces), ROOTS, p=(chances / chances.sum()).numpy()))
    u, v = random.uniform(size=(2, ROOTS))
    flip = u + v > 1
    weights = torch.from_numpy(
        np.stack(
            [
                1 - np.where(flip, 1 - u, u) - np.where(flip, 1 - v, v),
                np.where(flip, 1 - u, u),
                np.where(flip, 1 - v, v),
            ],
            1,
        )
    ).float()
    place = (head.texcoords[corners_uv[picked]] * weights[..., None]).sum(1)
    zones = _zones(head, place)
    grown = torch.stack([
        torch.stack([zones[_ZONE_NAMES.index(name)] for name in ZONES[style]]).amax(0) if ZONES[style] else torch.zeros(ROOTS)
        for style in BEARD_STYLES
    ])  # fmt: skip
    return BeardRoots(
        corners[picked], weights, normalize(normal[picked], dim=1), (head.rest[corners[picked]] * weights[..., None]).sum(1), grown,
        torch.from_numpy(random.uniform(size=(ROOTS, 4))).float(),
    )  # fmt: skip


_ZONE_NAMES = ("beard", "moustache", "goatee")


def _zones(head: Head, uv: Tensor) -> Tensor:
    values = head.atlas.read(uv.T, 512) * (uv[:, 0] < 1)  # nothing is painted outside the face's square
    return torch.stack([values[head.atlas.channels[name]] for name in _ZONE_NAMES])


def grow_beard(roots: BeardRoots, own: Tensor, table: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Strands on deformed heads (own frame), [n, r, SEGMENTS + 1, 3], and whether each is there, [n, r]."""
    root = (own[:, roots.corners] * roots.weights[None, ..., None]).sum(2)
    style = table["beard_style"]
    lengths = torch.tensor([LENGTHS[name] for name in BEARD_STYLES], device=own.device)[style]
    grown = roots.grown[style]
    length = (
        (lengths * (0.25 + 1.5 * table["beard_length"]))[:, None]
        * (0.35 + 0.65 * grown)
        * (0.7 + 0.6 * roots.chance[None, :, 1])
    )
    lip = (roots.root[None, :, 1] > -2.9) & (roots.root[None, :, 0].abs() < 3.2)
    length = torch.where(lip, length.clamp(max=0.75), length)
    there = (grown > roots.chance[None, :, 0] * 0.8 + 0.1) & (length > 0.1)

    sideways = torch.stack(
        [
            roots.root[:, 0].sign() * 0.55,
            torch.full_like(roots.root[:, 0], -0.45),
            torch.zeros_like(roots.root[:, 0]),
        ],
        1,
    )
    down = root.new_tensor([0.0, -1.0, 0.12]).expand(len(roots.root), 3)
    flow = torch.where(lip[0][:, None], sideways, down) + (roots.chance[:, 1:4] - 0.5) * 0.7
    # a moustache lies on the lip, a beard stands off the cheek
    way = normalize(flow + roots.outward * torch.where(lip[0], 0.45, 0.75)[:, None], dim=1)
    along = torch.linspace(0, 1, SEGMENTS + 1, device=own.device)
    sag = down * 0.35
    path = way[:, None] * along[:, None] + sag[:, None] * (along**2)[:, None]
    return root[:, :, None] + path[None] * length[..., None, None], there
