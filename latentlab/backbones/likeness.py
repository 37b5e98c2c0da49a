"""How alike two batches of images are, for training: differentiable, each distance named for what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.shapes import Images

Distance = Callable[[Images, Images], Tensor]
"""From two batches to a number for each pair, [n]."""


@dataclass(frozen=True, eq=False)
class CriticDistance:
    """The distance of a critic's features, each position a unit vector: built as LPIPS is, but not LPIPS.

    A generator's own critic has seen more of its domain than any other network, so it stands in where the weights of a
    perceptual distance are not at hand.
    """

    critic: Any
    name: str = "critic features"
    depth: int = 4
    """How many blocks, from the image on."""

    def __call__(self, one: Images, other: Images) -> Tensor:
        size = self.critic.resolution
        both = torch.cat([resized(one, size), resized(other, size)])
        total: Any = 0
        for features in list(self.critic.features(both).values())[: self.depth]:
            unit = features.float() * (features.float().square().sum(1, keepdim=True) + 1e-8).rsqrt()
            mine, theirs = unit.chunk(2)
            total = total + (mine - theirs).square().sum(1).mean((1, 2))
        return total


@dataclass(frozen=True, eq=False)
class FeatureDistance:
    """The squared distance of a scorer's last hidden layer, over its mean square."""

    features: Callable[[Images], Tensor]
    name: str = "guide features"

    def __call__(self, one: Images, other: Images) -> Tensor:
        mine, theirs = self.features(one), self.features(other)
        return (mine - theirs).square().mean(1) / (theirs.detach().square().mean() + 1e-8)


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

    def __call__(self, made: Images, target: Images) -> dict[str, Tensor]:
        """Each term as a mean over the batch, its weight in it."""
        told = {"pixels": self.pixels * (made - target).square().mean()}
        return told | {
            name: weight * distance(made, target).mean() for name, (weight, distance) in self.terms.items()
        }

    def __repr__(self) -> str:
        told = {
            name: (weight, getattr(distance, "name", "?")) for name, (weight, distance) in self.terms.items()
        }
        return f"Likeness(pixels={self.pixels}, terms={told})"


def resized(images: Images, size: int) -> Images:
    """The images at another side length, anti-aliased."""
    if images.shape[-1] == size:
        return images
    return interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=True)
