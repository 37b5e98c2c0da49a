"""Perceptual path length: how evenly the image changes along a path in latent space (Karras et al. 2019)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from latentlab.core.distance import Distance
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.core.seeds import draw_z
from latentlab.core.watch import Watch, silent


@torch.no_grad()
def path_length(
    generator: Generator, distance: Distance, samples: int = 10_000, space: Space = Space.W,
    where: Literal["full", "end"] = "full", epsilon: float = 1e-4, batch: int = 16, seed: int = 0, watch: Watch = silent,
) -> float:  # fmt: skip
    """The mean distance of images a step ε apart, over ε², without the lowest and highest hundredth.

    Args:
        distance: of pairs of images, [n], on the squared scale (LPIPS is); the figure is named after it.
        space: W interpolates straight, Z on the sphere.
        where: along the whole path, or at its beginnings.
    """
    values = []
    for start in range(0, samples, batch):
        count = min(batch, samples - start)
        first, second = _ends(generator, count, seed + 2 * start)
        share = torch.rand(count, 1, generator=torch.Generator().manual_seed(seed + start)).to(first)
        share = share if where == "full" else torch.zeros_like(share)
        pair = [_between(generator, space, first, second, share + step) for step in (0.0, epsilon)]
        images = [generator(generator.styles(w[:, None].repeat(1, generator.layers, 1))) for w in pair]
        values.append(distance(*images).double().cpu() / epsilon**2)
        watch((start + count) / samples, f"path length: {start + count} of {samples}")
    lengths = torch.cat(values)
    low, high = torch.quantile(
        lengths, torch.tensor([0.01, 0.99], dtype=lengths.dtype), interpolation="nearest"
    )
    return float(lengths[(lengths >= low) & (lengths <= high)].mean())


def _ends(generator: Generator, count: int, seed: int) -> tuple[Tensor, Tensor]:
    z = draw_z(range(seed, seed + 2 * count), generator.z_width).to(generator.device)
    return z[:count], z[count:]


def _between(generator: Generator, space: Space, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    if space is Space.Z:
        return generator.map(_slerp(first, second, share))
    w, towards = generator.map(first), generator.map(second)
    return w.lerp(towards, share.to(w.dtype))


def _slerp(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    one, other = (x / x.norm(dim=1, keepdim=True) for x in (first, second))
    cosine = (one * other).sum(1, keepdim=True)
    sideways = other - cosine * one
    sideways = sideways / sideways.norm(dim=1, keepdim=True)
    angle = share * cosine.clamp(-1, 1).acos()
    return one * angle.cos() + sideways * angle.sin()
