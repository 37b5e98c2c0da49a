"""rasterize and interpolate: a z-buffer over triangle meshes (Pineda 1988), the same pixels on CPU and CUDA.

Neither has a gradient: which triangle a pixel shows is not differentiable.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cuda_ops.errors import BadArgument
from cuda_ops.rasterize_library import kernels_for
from cuda_ops.registration import register

NEAR = 1e-3
GUARD = 1.0e6
SUBPIXELS = 256


def rasterize(positions: Tensor, triangles: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Which triangle is nearest at each pixel centre, and how near.

    Args:
        positions: float32 [n, vertices, 3]: x and y in pixels (x right, y down, centres at .5), z the distance along the
            view axis; triangles with a corner nearer than 0.001 are dropped.
        triangles: int32 [count, 3], corners of either winding.
        height, width: of the picture.

    Returns:
        index: int32 [n, height, width], the triangle, -1 where there is none; of equally near ones the first.
        inverse depth: float32 [n, height, width], 1/z, 0 where there is none.

    Raises:
        BadArgument: wrong shapes or types.
    """
    _check(positions, triangles, height, width)
    return torch.ops.latentlab.rasterize(positions.contiguous(), triangles.contiguous(), height, width)


def interpolate(
    attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor
) -> Tensor:
    """Attributes at chosen pixels, perspective-correct; zero where the pixel shows no triangle.

    Args:
        attributes: float32 [n or 1, rows, channels].
        corners: int32 [count, 3], the rows at the corners of each triangle (`triangles`, or a list of its own for seams).
        positions, triangles, index: as given to and by `rasterize`.
        pixels: int64 [p], places in the flattened index.

    Returns:
        float32 [p, channels], a channel's values side by side in memory (the transpose is contiguous).

    Raises:
        BadArgument: wrong shapes or types.
    """
    _check(positions, triangles, *index.shape[1:])
    if attributes.ndim != 3 or attributes.shape[0] not in (1, positions.shape[0]):
        raise BadArgument(
            f"interpolate: attributes have shape {list(attributes.shape)}; pass [{positions.shape[0]} or 1, rows, channels]"
        )
    if corners.shape != triangles.shape:
        raise BadArgument(
            f"interpolate: corners have shape {list(corners.shape)}; pass that of triangles, {list(triangles.shape)}"
        )
    return torch.ops.latentlab.interpolate_triangles(
        attributes.float().contiguous(), corners.int().contiguous(), positions.contiguous(), triangles.contiguous(),
        index.contiguous(), pixels.contiguous(),
    )  # fmt: skip


def _check(positions: Tensor, triangles: Tensor, height: int, width: int) -> None:
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.dtype != torch.float32:
        raise BadArgument(
            f"rasterize: positions are {positions.dtype} {list(positions.shape)}; pass float32 [n, vertices, 3]"
        )
    if triangles.ndim != 2 or triangles.shape[1] != 3 or triangles.dtype != torch.int32:
        raise BadArgument(
            f"rasterize: triangles are {triangles.dtype} {list(triangles.shape)}; pass int32 [count, 3]"
        )
    if height < 1 or width < 1:
        raise BadArgument(f"rasterize: the picture is {width} x {height}; pass at least 1 x 1")


def rasterize_op(positions: Tensor, triangles: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    kernels = kernels_for(positions)
    if kernels is None:
        return reference(positions, triangles, height, width)
    shape = (positions.shape[0], height, width)
    index = torch.empty(shape, dtype=torch.int32, device=positions.device)
    depth = torch.empty(shape, dtype=torch.float32, device=positions.device)
    kernels.rasterize(positions, triangles, index, depth)
    return index, depth


def _rasterize_shapes(positions, triangles, height, width):
    shape = (positions.shape[0], height, width)
    return positions.new_empty(shape, dtype=torch.int32), positions.new_empty(shape)


def interpolate_op(
    attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor
) -> Tensor:
    kernels = kernels_for(positions)
    if kernels is None:
        return reference_interpolate(attributes, corners, positions, triangles, index, pixels)
    out = torch.empty(attributes.shape[2], len(pixels), dtype=torch.float32, device=positions.device)
    kernels.interpolate(attributes, corners, positions, triangles, index, pixels, out)
    return out.T


def _interpolate_shapes(attributes, corners, positions, triangles, index, pixels):
    return attributes.new_empty(attributes.shape[2], len(pixels)).T


register("rasterize", rasterize_op, _rasterize_shapes)
register("interpolate_triangles", interpolate_op, _interpolate_shapes)


class _SetUp:
    """Corners in fixed point, wound so that the area is positive; tensors [t] or [t, 3]."""

    def __init__(self, corners: Tensor) -> None:  # [t 3 3]
        near = corners[..., 2] > NEAR
        inside = (corners[..., :2].abs() < GUARD).all(-1)
        x, y = (torch.floor(corners[..., i] * SUBPIXELS + 0.5).nan_to_num(0, 0, 0).long() for i in (0, 1))
        depth = 1.0 / corners[..., 2]
        area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (y[:, 1] - y[:, 0]) * (x[:, 2] - x[:, 0])
        self.order = torch.where(
            (area < 0)[:, None], torch.tensor([0, 2, 1]), torch.tensor([0, 1, 2]).expand(len(area), 3)
        )
        self.x, self.y, self.depth = (values.gather(1, self.order) for values in (x, y, depth))
        self.area = area.abs()
        self.drawn = (near & inside).all(-1) & (area != 0)

    def edges(self, px: Tensor, py: Tensor, rows: Tensor) -> Tensor:
        """Edge functions of triangles `rows` at points, int64 [p, 3]."""
        x, y = self.x[rows], self.y[rows]
        values = []
        for i in range(3):
            a, b = (i + 1) % 3, (i + 2) % 3
            values.append((x[:, b] - x[:, a]) * (py - y[:, a]) - (y[:, b] - y[:, a]) * (px - x[:, a]))
        return torch.stack(values, 1)

    def bias(self, rows: Tensor) -> Tensor:
        """0 where an edge owns its pixels (top-left rule), else -1, int64 [p, 3]."""
        x, y = self.x[rows], self.y[rows]
        owns = []
        for i in range(3):
            a, b = (i + 1) % 3, (i + 2) % 3
            dx, dy = x[:, b] - x[:, a], y[:, b] - y[:, a]
            owns.append((dy < 0) | ((dy == 0) & (dx > 0)))
        return torch.stack(owns, 1).long() - 1


def reference(positions: Tensor, triangles: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The definition, in plain PyTorch: every pixel of every bounding box is tested."""
    indices, depths = zip(
        *(_reference_one(p, triangles, height, width) for p in positions.cpu()), strict=True
    )
    return torch.stack(indices).to(positions.device), torch.stack(depths).to(positions.device)


def _reference_one(corners: Tensor, triangles: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    triangles = triangles.cpu().long()
    setup = _SetUp(corners[triangles])
    left = ((setup.x.amin(1) + 127) >> 8).clamp(0, width)
    right = ((setup.x.amax(1) - 128) >> 8).clamp(-1, width - 1)
    top = ((setup.y.amin(1) + 127) >> 8).clamp(0, height)
    bottom = ((setup.y.amax(1) - 128) >> 8).clamp(-1, height - 1)
    columns, rows = (right - left + 1).clamp_min(0), (bottom - top + 1).clamp_min(0)
    count = columns * rows * setup.drawn
    nearest = torch.zeros(height * width)
    seen = torch.full((height * width,), -1, dtype=torch.int32)
    for chosen in torch.nonzero(count)[:, 0].split(65536):
        _draw(setup, chosen, count, columns, left, top, width, nearest, seen)
    return seen.view(height, width), nearest.view(height, width)


def _draw(
    setup: _SetUp, chosen: Tensor, count: Tensor, columns: Tensor, left: Tensor, top: Tensor, width: int, nearest: Tensor, seen: Tensor
) -> None:  # fmt: skip
    which = chosen.repeat_interleave(count[chosen])
    first = count[chosen].cumsum(0) - count[chosen]
    step = torch.arange(len(which)) - first.repeat_interleave(count[chosen])
    x, y = left[which] + step % columns[which], top[which] + step // columns[which]
    edges = setup.edges(x * SUBPIXELS + 128, y * SUBPIXELS + 128, which)
    hit = (edges + setup.bias(which) >= 0).all(1)
    which, edges, place = which[hit], edges[hit], (y * width + x)[hit]
    share = edges.float() * (1.0 / setup.area[which].float())[:, None]
    depth = setup.depth[which]
    inverse = depth[:, 0] * share[:, 0] + depth[:, 1] * share[:, 1] + depth[:, 2] * share[:, 2]

    best = nearest.scatter_reduce(0, place, inverse, "amax")
    wins = inverse == best[place]
    improved = wins & (inverse > nearest[place])
    winner = torch.full_like(seen, 2**31 - 1).scatter_reduce(
        0, place[improved], which[improved].int(), "amin"
    )
    changed = winner != 2**31 - 1
    seen[changed] = winner[changed]
    nearest.copy_(best)


def reference_interpolate(
    attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor
) -> Tensor:
    """The definition of `interpolate`, in plain PyTorch."""
    _, height, width = index.shape
    device = attributes.device
    attributes, corners, positions, triangles = (
        attributes.cpu(),
        corners.cpu().long(),
        positions.cpu(),
        triangles.cpu().long(),
    )
    pixels = pixels.cpu()
    which = index.cpu().flatten()[pixels].long()
    image, inside = pixels // (height * width), pixels % (height * width)
    shown = which >= 0
    row = which.clamp_min(0)
    setup = _SetUp(positions[image[:, None], triangles[row]])
    px, py = (inside % width) * SUBPIXELS + 128, (inside // width) * SUBPIXELS + 128
    weights = setup.edges(px, py, torch.arange(len(pixels))).float() * setup.depth
    weights = weights / weights.sum(1, keepdim=True)
    weights = torch.zeros_like(weights).scatter(1, setup.order, weights)
    source = image if attributes.shape[0] > 1 else torch.zeros_like(image)
    values = (attributes[source[:, None], corners[row]] * weights[..., None]).sum(1)
    return torch.where(shown[:, None], values, torch.zeros_like(values)).T.contiguous().T.to(device)
