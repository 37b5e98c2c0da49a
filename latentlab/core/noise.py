"""Where the per-layer noise of a synthesis comes from: stored maps, a seed, own maps, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from torch import Tensor


class NoiseMode(StrEnum):
    """`const`: the maps stored with the network; `random`: fresh ones; `none`: no noise."""

    CONST = "const"
    RANDOM = "random"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class Noise:
    """A source of noise for one synthesis."""

    mode: NoiseMode = NoiseMode.CONST
    seed: int | None = None
    """With `random`: makes the maps repeatable; sample i of a batch draws from `seed + i`."""
    maps: Mapping[str, Tensor] = field(default_factory=dict)
    """Own maps by layer name ([h w] or [n 1 h w]), e.g. optimised by an inverter; they replace the layer's map."""


FIXED = Noise(NoiseMode.CONST)
RANDOM = Noise(NoiseMode.RANDOM)
NO_NOISE = Noise(NoiseMode.NONE)
