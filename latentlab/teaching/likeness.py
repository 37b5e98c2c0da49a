"""How alike two batches of images are, for training: differentiable, each distance named for what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from latentlab.core.distance import Distance
from latentlab.core.shapes import Images


@dataclass(frozen=True, eq=False)
class IdentityDistance:
    """1 − cosine of an identity embedding."""

    embed: Callable[[Images], Tensor]
    name: str = "identity embedding"

    def __call__(self, one: Images, other: Images) -> Tensor:
        return 1 - (self.embed(one) * self.embed(other)).sum(1)


@dataclass(frozen=True, eq=False)
class Likeness:
    """A weighted sum of distances, its terms kept apart by name."""

    pixels: float = 1.0
    """Weight of the mean squared error."""
    terms: Mapping[str, tuple[float, Distance]] = field(default_factory=dict)

    @classmethod
    def of(cls, pixels: float, terms: Mapping[str, tuple[float, Distance | None]]) -> Likeness:
        """Without the terms whose distance is not at hand, or whose weight is 0."""
        kept = {
            name: (weight, distance)
            for name, (weight, distance) in terms.items()
            if distance is not None and weight
        }
        return cls(pixels, kept)

    def __call__(self, made: Images, target: Images) -> dict[str, Tensor]:
        """Each term as a mean over the batch, its weight in it."""
        told = {"pixels": self.pixels * (made - target).square().mean()}
        return told | {
            name: weight * distance(made, target).mean() for name, (weight, distance) in self.terms.items()
        }

    def __repr__(self) -> str:
        told = {name: (weight, distance.name) for name, (weight, distance) in self.terms.items()}
        return f"Likeness(pixels={self.pixels}, terms={told})"
