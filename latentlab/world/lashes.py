"""Eyelashes as thin ribbons along the face model's lash sheets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.model import PARTS, FaceModel

ROWS = 4
"""How many rows of a sheet a lash follows; the sheets reach farther than lashes do."""


@dataclass(frozen=True, eq=False)
class Lashes:
    """Where each lash runs, as pairs of vertices to mix."""

    first: Tensor
    """int64 [l, rows] into the head's vertices."""
    second: Tensor
    """The neighbouring column, int64 [l, rows]."""
    share: Tensor
    """Of the second, [l, rows]."""
    upper: Tensor
    """Whether it sits on the upper lid, bool [l]."""
    chance: Tensor
    """Uniform random numbers, [l, 4]."""

    def points(self, vertices: Tensor) -> Tensor:
        """Lashes on deformed heads [n, v, 3], as [n, l, rows, 3]."""
        return torch.lerp(vertices[:, self.first], vertices[:, self.second], self.share[..., None])


def find_lashes(model: FaceModel, place: Tensor) -> Lashes:
    """Reads the sheets' rows and columns from their texture coordinates; place [v]: vertex -> drawn vertex."""
    generator = torch.Generator().manual_seed(5)
    first, second, share, upper = [], [], [], []
    for sheet in _sheets(model):
        grid, is_upper = sheet
        for column in range(len(grid[0]) - 1):
            for _ in range(3 if is_upper else 1):
                jitter = torch.rand(2, generator=generator)
                lean = torch.linspace(0, 1, ROWS) * (float(jitter[1]) - 0.5) * 0.8
                mix = (float(jitter[0]) + lean).clamp(0, 1)
                first.append(grid[:ROWS, column])
                second.append(grid[:ROWS, column + 1])
                share.append(mix)
                upper.append(is_upper)
    if not first:
        empty = torch.zeros(0, ROWS, dtype=torch.int64)
        return Lashes(empty, empty, empty.float(), torch.zeros(0, dtype=torch.bool), torch.zeros(0, 4))
    chance = torch.rand(len(first), 4, generator=generator)
    return Lashes(
        place[torch.stack(first)], place[torch.stack(second)], torch.stack(share), torch.tensor(upper), chance
    )


def _sheets(model: FaceModel) -> list[tuple[Tensor, bool]]:
    """Each sheet as vertices [rows, columns], roots first, and whether it is on an upper lid."""
    corners = model.faces.long()
    chosen = (model.part[corners] == PARTS.index("lashes")).all(1)
    if not bool(chosen.any()):
        return []
    faces, faces_uv = corners[chosen], model.faces_uv.long()[chosen]
    label = torch.arange(len(model.vertices))
    for _ in range(64):  # the smallest vertex number spreads over each sheet
        lowest = label[faces].amin(1)
        spread = label.clone().scatter_reduce(0, faces.flatten(), lowest.repeat_interleave(3), "amin")
        if torch.equal(spread, label):
            break
        label = spread
    uv = torch.zeros(len(model.vertices), 2)
    uv[faces] = model.texcoords[faces_uv]

    sheets = []
    for name in torch.unique(label[faces]).tolist():
        vertices = torch.nonzero(label == name)[:, 0]
        rows = torch.round(uv[vertices, 1] * 500)
        values = torch.unique(rows).flip(0)
        grid = [vertices[rows == v][uv[vertices[rows == v], 0].argsort()] for v in values]
        width = min(len(row) for row in grid)
        block = torch.stack([row[:width] for row in grid])
        if len(block) >= ROWS:
            drop = float(model.vertices[block[-1], 1].mean() - model.vertices[block[0], 1].mean())
            sheets.append((block, drop > -0.25))
    heights = [float(model.vertices[block[0], 1].mean()) for block, _ in sheets]
    middle = sum(heights) / max(1, len(heights))
    return [(block, height > middle) for (block, _), height in zip(sheets, heights, strict=True)]
