"""Strength to units and back: what one step of a direction does, and between which strengths pictures stay right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, unknown
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent
from latentlab.core.ranges import Between, MoreThan, Share, check
from latentlab.core.scorer import Scorer
from latentlab.editing.apply import apply
from latentlab.editing.reach import Likeness

LENGTHS = 12
"""How many lengths of the vector are tried, each √2 times the one before, the last one the widest."""
Side = Literal["both", "up"]


def strength_for(direction: Direction, units: float) -> float:
    """How many steps move the attribute by so many units, as calibrated: `age`, 25 years, is 2.5 steps of ten years."""
    if not direction.step:
        raise BadInput(
            f"direction '{direction.name}' is not calibrated; see: latentlab evaluate {direction.name}"
        )
    return units / direction.step


@dataclass(frozen=True)
class Calibrate:
    """Measure a direction on faces with a scorer."""

    widest: Annotated[float, MoreThan(0, 100)] = 4.0
    """Strengths up to this are tried, in both ways."""
    count: Annotated[int, Between(2, 1000)] = 9
    """How many strengths."""
    least_slope: Annotated[float, Between(-1, 1)] = 0.3
    """A strength is still right while the attribute moves at this share of its pace around 0."""
    least_identity: Share = 0.3
    """And while faces keep this similarity."""

    def __post_init__(self) -> None:
        check(self)

    def measure(
        self, generator: Generator, direction: Direction, name: str, score: Scorer, latent: Latent,
        likeness: Likeness | None = None,
    ) -> Direction:  # fmt: skip
        """The direction with `step` (median over the faces, per strength 1) and `span` as measured on these faces."""
        if name not in score.names:
            raise unknown("attribute", name, score.names)
        half = self.count // 2
        strengths = [self.widest * i / half for i in range(-half, half + 1)]
        rows, alike = self._look(
            generator, direction, list(score.names).index(name), score, latent, strengths, likeness
        )

        pace = (rows[half + 1] - rows[half - 1]) / (strengths[half + 1] - strengths[half - 1])  # [n]
        step = float(pace.median())
        high = self._reach(rows, alike, strengths, range(half, len(strengths) - 1), 1, step)
        low = self._reach(rows, alike, strengths, range(half, 0, -1), -1, step)
        story = dict(direction.story) | {"calibrated_on": len(latent)}
        return replace(direction, step=step, span=(low, high), story=story)

    @torch.no_grad()
    def factor(
        self, generator: Generator, direction: Direction, name: str, score: Scorer, latent: Latent, step: float,
        side: Side = "both",
    ) -> float:  # fmt: skip
        """How many times as long the vector has to be for strength 1 to move the attribute by `step` units.

        The change is the median over these faces, with `side="both"` half of that from −1 to 1, with `"up"` that from
        0 to 1, for attributes that a face has or has not. 0 where no length up to `widest` moves it so far.
        """
        column = list(score.names).index(name)

        def at(strength: float) -> Tensor:
            return score(generator.render(apply(generator, latent, {direction: strength})))[:, column].float()

        first = at(0.0) if side == "up" else None
        before = (0.0, 0.0)
        for place in range(LENGTHS):
            length = self.widest * 2.0 ** ((place + 1 - LENGTHS) / 2)
            change = at(length) - first if first is not None else (at(length) - at(-length)) / 2
            moved = float(change.median())
            if moved >= step:
                share = (step - before[1]) / (moved - before[1])
                return before[0] + share * (length - before[0])
            before = (length, moved)
        return 0.0

    def _look(
        self, generator: Generator, direction: Direction, column: int, score: Scorer, latent: Latent,
        strengths: Sequence[float], likeness: Likeness | None,
    ) -> tuple[list[Tensor], list[float]]:  # fmt: skip
        """The attribute of every face [n] at each strength, and the median similarity to the unmoved faces."""
        rows, alike, first = [], [], generator.render(latent)
        for strength in strengths:
            with torch.no_grad():
                images = generator.render(apply(generator, latent, {direction: strength}))
                rows.append(score(images)[:, column].float())
                alike.append(1.0 if likeness is None else float(likeness(images, first).median()))
        return rows, alike

    def _reach(
        self, rows: Sequence[Tensor], alike: Sequence[float], strengths: Sequence[float], places: range, way: int,
        step: float,
    ) -> float:  # fmt: skip
        """The last strength on one side up to which the attribute keeps its pace and the faces their identity."""
        last = strengths[len(strengths) // 2]
        for place in places:
            change = rows[place + way] - rows[place]
            pace = float((change / (strengths[place + way] - strengths[place])).median())
            if step == 0 or pace / step < self.least_slope or alike[place + way] < self.least_identity:
                break
            last = strengths[place + way]
        return last
