"""The noise maps of a network, and the regulariser that keeps optimised ones noise (Karras et al. 2020, appendix D)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from latentlab.core.generator import Generator

BUFFER = "noise_const"


def noise_maps(generator: Generator) -> dict[str, Tensor]:
    """The stored maps by layer name, [h w] each; empty for a network without noise."""
    known = {layer.name for layer in generator.style_layers}
    found = {}
    for name, value in generator.state_dict().items():
        head, _, last = name.rpartition(".")
        layer = ".".join(head.split(".")[-2:])
        if last == BUFFER and layer in known:
            found[layer] = value.reshape(value.shape[-2:])
    return found


def roughness(maps: Iterable[Tensor]) -> Tensor:
    """Squared correlation of every map [n 1 h w] with itself shifted by one, over its pyramid down to 8×8: [n]."""
    total: Tensor | None = None
    for noise in maps:
        while True:
            for axis in (2, 3):
                term = (noise * noise.roll(1, dims=axis)).mean(dim=(1, 2, 3)).square()
                total = term if total is None else total + term
            if noise.shape[2] <= 8:
                break
            noise = avg_pool2d(noise, 2)
    assert total is not None, "roughness of no maps"
    return total


@torch.no_grad()
def renormalise(maps: Iterable[Tensor]) -> None:
    """Mean 0 and deviation 1 for every map of every sample, in place."""
    for noise in maps:
        noise -= noise.mean(dim=(-2, -1), keepdim=True)
        noise *= noise.square().mean(dim=(-2, -1), keepdim=True).clamp_min(1e-12).rsqrt()
