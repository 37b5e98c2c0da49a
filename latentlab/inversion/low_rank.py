"""Factors U·V for the convolutions of a generator: their size, their start, and how they are stored."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.pivot import STORED, Pivot

Factors = dict[str, tuple[Tensor, Tensor]]
SPREAD = 8.0
"""Length of the rows of a fresh V: long rows let small steps of U do much, which tunes faster than equal shares."""


def conv_weights(generator: Generator) -> dict[str, Tensor]:
    """The convolution weights of the synthesis by layer name, [out in kh kw]."""
    names = {layer.name for layer in generator.style_layers}
    found = {}
    for key, value in generator.state_dict().items():
        head, _, last = key.rpartition(".")
        parts = head.split(".")
        for layer in (".".join(parts[-2:]), parts[-1]):
            if last == "weight" and layer in names and value.ndim == 4:
                found[layer] = value
    return found


def fine_weights(generator: Generator, coarsest: int = 0) -> dict[str, Tensor]:
    """The convolution weights of the layers of at least this resolution, or of a quarter of a small network's."""
    least = min(coarsest, generator.resolution // 4)
    fine = {layer.name for layer in generator.style_layers if layer.resolution >= least}
    return {name: weight for name, weight in conv_weights(generator).items() if name in fine}


def rank_within(generator: Generator, rank: int, limit_bytes: int, coarsest: int = 0) -> int:
    """The largest rank up to `rank` whose factors weigh at most `limit_bytes` when stored."""
    numbers = sum(w.shape[0] + w[0].numel() for w in fine_weights(generator, coarsest).values())
    cost = numbers * STORED.itemsize
    largest = min(rank, limit_bytes // cost)
    if largest < 1:
        raise BadInput(
            f"a pivot of rank 1 weighs {cost:,} bytes, more than the limit leaves ({limit_bytes:,}); raise the limit"
        )
    return int(largest)


def fresh_factors(
    generator: Generator, rank: int, random: torch.Generator, start: Pivot | None = None, coarsest: int = 0
) -> Factors:
    """U = 0 and V random, so that the first render is unchanged; or the factors of another pivot to go on from."""
    factors: Factors = {}
    kept = set(start.factors) if start is not None else set()
    fine = fine_weights(generator, coarsest)
    for name, weight in conv_weights(generator).items():
        if name not in fine and name not in kept:
            continue
        if start is not None and name in start.factors:
            up, down = start.factors[name]
            factors[name] = (up.detach().clone().float(), down.detach().clone().float())
            continue
        inputs = weight[0].numel()
        own = min(rank, weight.shape[0], inputs)
        down = torch.randn(own, inputs, generator=random) * (SPREAD / inputs**0.5)
        factors[name] = (weight.new_zeros(weight.shape[0], own), down.to(weight))
    return factors


def rounded(pivot: Pivot) -> Pivot:
    """The pivot as it will be read back from a file, scaled so that U and V both sit well inside half precision."""
    factors = {}
    for name, (up, down) in pivot.factors.items():
        balance = (up.norm() / down.norm().clamp_min(1e-12)).sqrt().clamp(1e-4, 1e4)
        balance = balance if float(up.norm()) else balance.new_ones(())
        factors[name] = (_round(up / balance), _round(down * balance))
    return Pivot(factors, {name: _round(value) for name, value in pivot.noise.items()}, pivot.model)


def _round(value: Tensor) -> Tensor:
    return value.detach().to(STORED).to(value.dtype)
