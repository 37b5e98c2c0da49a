"""A latent knows its space: Z, W, W+ or S, ordered by closeness to the image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from torch import Tensor

from latentlab.core.errors import BadInput


class Space(IntEnum):
    """The spaces of StyleGAN, from the prior to the image; code climbs, never descends."""

    Z = 0
    W = 1
    W_PLUS = 2
    S = 3

    @classmethod
    def parse(cls, text: str) -> Space:
        """`z`, `w`, `w+`, `w_plus`, `wplus`, `s` in any case."""
        key = text.strip().upper().replace("W+", "W_PLUS").replace("WPLUS", "W_PLUS")
        if key not in cls.__members__:
            raise BadInput(f"'{text}' is not a latent space; the spaces are: z, w, w+, s")
        return cls[key]


Layers = tuple[int, int]
"""First and last layer, both included."""


def layer_range(layers: Layers | None, count: int) -> tuple[int, int]:
    """First and last of these layers, all `count` for None; BadInput where the network has no such layers."""
    first, last = layers or (0, count - 1)
    if not 0 <= first <= last < count:
        raise BadInput(
            f"the layers {first} to {last} are out of range; this network has layers 0 to {count - 1}"
        )
    return first, last


RANK = {Space.Z: 2, Space.W: 2, Space.W_PLUS: 3, Space.S: 2}


@dataclass(frozen=True, eq=False)
class FeatureCorrection:
    """The F space (Kang et al. 2021): added to the feature map that leaves the block of one resolution."""

    resolution: int
    values: Tensor  # [n c resolution resolution]


@dataclass(frozen=True, eq=False)
class Latent:
    """Values in a space ([n width], [n layers width] in W+, [n channels] in S), plus an optional F correction."""

    space: Space
    values: Tensor
    correction: FeatureCorrection | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != RANK[self.space]:
            raise BadInput(
                f"a latent in {self.space.name} has {RANK[self.space]} axes, this one has the shape "
                f"{tuple(self.values.shape)}; a batch axis comes first"
            )

    def __len__(self) -> int:
        return self.values.shape[0]

    def __getitem__(self, index: int | slice) -> Latent:
        """Some samples of the batch; an integer keeps the batch axis."""
        rows = slice(index, index + 1 if index != -1 else None) if isinstance(index, int) else index
        correction = self.correction and FeatureCorrection(
            self.correction.resolution, self.correction.values[rows]
        )
        return Latent(self.space, self.values[rows], correction)

    def with_values(self, values: Tensor) -> Latent:
        """The same space and correction around other values."""
        return replace(self, values=values)
