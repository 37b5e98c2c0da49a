"""Maps over the face's texture square (lips, brows, wrinkles, pores, makeup regions), painted once from the landmarks."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from cuda_ops.lookups import sample
from cuda_ops.rasterize import interpolate, rasterize
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.files import atomic
from latentlab.core.places import cache_folder
from latentlab.world.model import PARTS, FaceModel
from latentlab.world.paint import Ground, paint_maps

SIZES = (1024, 512, 256, 128)
"""Side lengths of the kept levels; small pictures read small maps, so that detail does not flicker."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """The maps of one head at several sizes."""

    channels: dict[str, int]
    """Name of each map and its place in the table."""
    sides: tuple[int, ...]
    """Side length of each level, the largest first."""
    levels: tuple[Tensor, ...]
    """float32 [side * side + 1, channels], rows from the top of the texture; the last row is nothing anywhere."""

    def read(self, texcoords: Tensor, finest: int) -> Tensor:
        """Bilinear look-up at texture coordinates [2, p] in the face's square, as [channels, p].

        finest: the largest side to read from."""
        level = next((i for i, side in enumerate(self.sides) if side <= finest), len(self.sides) - 1)
        side = self.sides[level]
        places = torch.stack([texcoords[0] * side - 0.5, (1 - texcoords[1]) * side - 0.5])
        return sample(self.levels[level], side, places)


def kept_atlas(model: FaceModel, side: int = SIZES[0]) -> Atlas:
    """The atlas of a face model from the user's cache folder, painted and put there on the first call."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

    try:
        place = cache_folder() / f"atlas-{side}-{_key(model)}.safetensors"
    except MissingPart:  # nowhere to keep it
        return paint_atlas(model, side)
    try:
        with safe_open(place, "pt") as archive:
            names = archive.metadata()["channels"].split()
            levels = tuple(archive.get_tensor(str(size)) for size in _sides(side))
        return Atlas({name: i for i, name in enumerate(names)}, _sides(side), levels)
    except (OSError, SafetensorError, KeyError, TypeError):
        atlas = paint_atlas(model, side)
    with contextlib.suppress(LatentLabError), atomic(place, own=True) as draft:  # a cache need not be written
        save_file(
            {str(size): level for size, level in zip(atlas.sides, atlas.levels, strict=True)},
            draft,
            {"channels": " ".join(atlas.channels)},
        )
    return atlas


def _key(model: FaceModel) -> str:
    """Changes with the model and with what paints it."""
    digest = hashlib.sha256()
    for source in ("atlas.py", "paint.py", "wrinkles.py"):
        digest.update((Path(__file__).parent / source).read_bytes())
    for array in (model.vertices, model.texcoords, model.faces, model.landmarks):
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()[:16]


def paint_atlas(model: FaceModel, side: int = SIZES[0]) -> Atlas:
    """Bakes the rest position of every texel of the face's square and paints all maps over it."""
    ground = _ground(model, side)
    maps = paint_maps(ground)
    stack = torch.from_numpy(
        np.stack([maps[name] for name in maps], -1).astype(np.float32)
    )  # [side side channels]
    channels = {name: place for place, name in enumerate(maps)}
    covered = torch.from_numpy(ground.covered.astype(np.float32))
    return Atlas(channels, _sides(side), tuple(_level(stack, covered, side, size) for size in _sides(side)))


def _sides(side: int) -> tuple[int, ...]:
    return tuple(size for size in SIZES if size <= side) or (side,)


def _level(stack: Tensor, covered: Tensor, side: int, size: int) -> Tensor:
    factor = side / size
    grid = (stack * covered[..., None]).permute(2, 0, 1)[None]
    weight = covered[None, None]
    if factor > 1:
        grid, weight = avg_pool2d(grid, int(factor)), avg_pool2d(weight, int(factor))
    for _ in range(3):  # spread the borders outwards, so that seams read painted texels
        filled = avg_pool2d(grid, 3, 1, 1)
        share = avg_pool2d(weight, 3, 1, 1)
        empty = weight < 1e-3
        grid = torch.where(empty, filled, grid)
        weight = torch.where(empty, share, weight)
    grid = grid / weight.clamp_min(1e-6) * (weight > 1e-6)
    rows = grid[0].permute(1, 2, 0).reshape(size * size, -1)
    return torch.cat([rows, torch.zeros(1, rows.shape[1])]).contiguous()


def _ground(model: FaceModel, side: int) -> Ground:
    corner_part = model.part[model.faces.long()].amax(1)
    tile = model.texcoords[model.faces_uv.long()][..., 0].floor().amax(1)
    kept = (corner_part <= PARTS.index("head")) & (corner_part >= 0) & (tile == 0)
    faces, faces_uv = model.faces[kept], model.faces_uv[kept]

    canvas = torch.cat(
        [
            model.texcoords[:, :1] * side,
            (1 - model.texcoords[:, 1:]) * side,
            torch.ones(len(model.texcoords), 1),
        ],
        1,
    )
    index, _ = rasterize(canvas[None], faces_uv, side, side)
    texels = torch.nonzero(index.flatten() >= 0)[:, 0]
    rest = torch.zeros(side * side, 3)
    rest[texels] = interpolate(model.vertices[None], faces, canvas[None], faces_uv, index, texels)

    uv = torch.zeros(len(model.vertices), 2)
    uv[faces.long()] = model.texcoords[faces_uv.long()]
    return Ground(
        rest=rest.view(side, side, 3).numpy().astype(np.float64),
        covered=(index[0] >= 0).numpy(),
        landmarks=model.vertices[model.landmarks].numpy().astype(np.float64),
        landmarks_uv=uv[model.landmarks].numpy().astype(np.float64),
    )
