"""Coordinates in which a space is isotropic: one step of the optimiser means the same along every axis."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.inversion.statistics import WStatistics, sample_w, w_statistics

STYLE_SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Chart:
    """A space seen through the statistics of the mapping: a sample of the prior is about N(0, 1) in every coordinate.

    Z is that already; W and W+ are whitened before the last activation (`WStatistics`); S is standardised by channel.
    """

    space: Space
    law: WStatistics | None = None
    style_mean: Tensor | None = None
    style_deviation: Tensor | None = None

    def inwards(self, values: Tensor) -> Tensor:
        """Values of the space to coordinates, of the same shape."""
        if self.law is not None:
            return self.law.whiten(values)
        if self.style_mean is not None and self.style_deviation is not None:
            return (values - self.style_mean) / self.style_deviation
        return values

    def outwards(self, coordinates: Tensor) -> Tensor:
        """The inverse of `inwards`."""
        if self.law is not None:
            return self.law.colour(coordinates)
        if self.style_mean is not None and self.style_deviation is not None:
            return coordinates * self.style_deviation + self.style_mean
        return coordinates

    def latent(self, coordinates: Tensor) -> Latent:
        return Latent(self.space, self.outwards(coordinates))

    def distance(self, coordinates: Tensor) -> Tensor:
        """Mean squared coordinate [n]: about 1 for samples of the prior."""
        return coordinates.square().flatten(1).mean(dim=1)

    def delta(self, coordinates: Tensor) -> Tensor:
        """How far the layers of a W+ lie from their mean, [n]; 0 in spaces without layers (Tov et al. 2021)."""
        if self.space is not Space.W_PLUS:
            return coordinates.new_zeros(len(coordinates))
        return (coordinates - coordinates.mean(dim=1, keepdim=True)).square().flatten(1).mean(dim=1)


def chart(generator: Generator, space: Space) -> Chart:
    """The coordinates of a space of this network."""
    if space is Space.Z:
        return Chart(space)
    if space is not Space.S:
        return Chart(space, w_statistics(generator))
    with torch.no_grad():
        w = Latent(Space.W, sample_w(generator, STYLE_SAMPLES, seed=123))
        styles = generator.lift(w, Space.S).values
    deviation = styles.std(dim=0)
    return Chart(space, None, styles.mean(dim=0), deviation.clamp_min(1e-3 * float(deviation.max())))
