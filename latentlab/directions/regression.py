"""Ridge regression of continuous scores on w: the direction along which the score rises fastest for its length."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator
from latentlab.core.ranges import Weight
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, need_bank, w_direction
from latentlab.directions.moments import moments_of
from latentlab.directions.steps import step_from
from latentlab.scorers.bank import Bank


@dataclass(frozen=True)
class Regression(Supervised):
    """One attribute at a time, from all samples, not only the extreme ones."""

    ridge: Weight = 1e-2
    """Penalty, as a share of the mean variance of a coordinate of w."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank: Bank = need_bank(source)
        seen = moments_of(bank, (self.attribute,), self.samples, generator.w_width, watch)
        weights = seen.effects(self.ridge)[:, 0]

        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_from(unit, float(seen.spread[0]))
        vector = seen.scaled(weights, step)
        story = {"attribute": self.attribute, "n": self.samples}
        return [w_direction(self.name or self.attribute, vector, unit, step, generator, repr(self), **story)]
