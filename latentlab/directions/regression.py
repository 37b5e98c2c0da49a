"""Ridge regression of continuous scores on w: the direction along which the score rises fastest for its length."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.ranges import Count, Weight
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source, need_bank, w_direction
from latentlab.directions.moments import moments_of
from latentlab.directions.steps import step_from
from latentlab.scorers.bank import Bank


@dataclass(frozen=True)
class Regression(Discoverer):
    """One attribute at a time, from all samples, not only the extreme ones."""

    attribute: str = "smile"
    """What to learn; any name the scorers know."""
    samples: Count = 20000
    """How many samples of the bank to read."""
    ridge: Weight = 1e-2
    """Penalty, as a share of the mean variance of a coordinate of w."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    @property
    def bank_size(self) -> int:
        return self.samples

    @property
    def attributes(self) -> tuple[str, ...]:
        return (self.attribute,)

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank: Bank = need_bank(source)
        seen = moments_of(bank, (self.attribute,), self.samples, generator.w_width, watch)
        weights = seen.effects(self.ridge)[:, 0]

        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_from(unit, float(seen.spread[0]))
        vector = seen.scaled(weights, step)
        story = {"attribute": self.attribute, "n": self.samples}
        return [w_direction(self.name or self.attribute, vector, unit, step, generator, repr(self), **story)]
