"""Ridge regression of continuous scores on w: the direction along which the score rises fastest for its length."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source, need_bank, supervised_samples, w_direction
from latentlab.directions.steps import scale_to_step, step_of


@dataclass(frozen=True)
class Regression(Discoverer):
    """One attribute at a time, from all samples, not only the extreme ones."""

    attribute: str = "smile"
    """What to learn; any name the scorers know."""
    samples: int = 20000
    """How many samples of the bank to read."""
    ridge: float = 1e-2
    """Penalty, as a share of the mean variance of a coordinate of w."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        found = supervised_samples(bank, (self.attribute,), self.samples, generator.w_width)
        scores, latents = found.column(self.attribute).double(), found.w.double()

        centred = latents - latents.mean(0)
        covariance = centred.T @ centred / len(centred)
        penalty = (
            self.ridge * covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
        )
        weights = torch.linalg.solve(
            covariance + penalty, centred.T @ (scores - scores.mean()) / len(centred)
        )

        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_of(unit, scores)
        vector = scale_to_step(weights, latents, scores, step)
        return [
            w_direction(
                self.name or self.attribute,
                vector,
                unit,
                step,
                generator,
                repr(self),
                attribute=self.attribute,
                n=self.samples,
            )
        ]
