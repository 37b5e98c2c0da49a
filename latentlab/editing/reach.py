"""The closed loop: find the strengths at which a scorer reads what was wished for, within limits, and say what came.

One goal is solved by secant steps that turn into bisection once the goal is bracketed (Illinois regula falsi); several
goals take turns. Then the whole move is shortened until identity and side effects are within their limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated

import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, unknown
from latentlab.core.ranges import Between, MoreThan, Share, check
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images

Render = Callable[[Mapping[Direction, float]], Images]
"""Strengths to the picture [1 3 h w]."""
Likeness = Callable[[Images, Images], torch.Tensor]
"""Two pictures to their similarity of identity [n]: 1 is the same, 0 nothing in common."""


@dataclass(frozen=True)
class Goal:
    """An attribute and the value it should take."""

    direction: Direction
    name: str
    """As the scorer calls it."""
    value: float
    """In the scorer's unit."""


@dataclass(frozen=True)
class Limits:
    """What the edit may cost."""

    min_identity: Share | None = None
    """Least similarity to the face before the edit."""
    max_change: Mapping[str, Annotated[float, Between(0, 1_000_000)]] = field(default_factory=dict)
    """Largest change of other attributes, in their units."""
    widest: Annotated[float, MoreThan(0, 100)] = 8.0
    """Largest strength of a direction without a span; one with a span never leaves it."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Reached:
    """What the loop came to."""

    strengths: dict[str, float]
    before: dict[str, float]
    """Scores of all attributes before the edit."""
    after: dict[str, float]
    identity: float | None
    """Similarity to the face before the edit, where it was measured."""
    held_back: str = ""
    """What kept a goal from being reached; empty where all were."""
    evaluations: int = 0

    def sentences(self, goals: Sequence[Goal]) -> list[str]:
        """What was wished for and what was reached, one line each."""
        lines = [
            f"{goal.name}: {self.before[goal.name]:.3g} before, {goal.value:.3g} wished for, "
            f"{self.after[goal.name]:.3g} reached at strength {self.strengths[goal.direction.name]:+.2f}"
            for goal in goals
        ]
        return lines + ([f"held back: {self.held_back}"] if self.held_back else [])


@dataclass(frozen=True)
class Reach:
    """Solve strengths for goals."""

    tolerance: Annotated[float, MoreThan(0, 1)] = 0.02
    """Share of the way from the present value to the goal that may remain."""
    evaluations: Annotated[int, Between(1, 10_000)] = 14
    """Pictures rendered for one goal in one turn, at most."""
    turns: Annotated[int, Between(1, 1000)] = 4
    """How often several goals take turns."""

    def __post_init__(self) -> None:
        check(self)

    def solve(
        self, render: Render, goals: Sequence[Goal], score: Scorer, limits: Limits | None = None, likeness: Likeness | None = None
    ) -> Reached:  # fmt: skip
        """The strengths, and what was read at them; never raises because a goal lies out of reach."""
        limits = limits or Limits()
        sight = _Sight(render, goals, score, limits, likeness)
        strengths = dict.fromkeys(range(len(goals)), 0.0)
        for _ in range(self.turns if len(goals) > 1 else 1):
            for i in range(len(goals)):
                strengths[i] = self._one(sight, strengths, i)
            if all(abs(self._gap(sight, strengths, i)) <= self._close(sight, i) for i in strengths):
                break
        share, reason = self._shorten(sight, strengths)
        final = {i: share * value for i, value in strengths.items()}
        return self._report(sight, final, reason)

    def _report(self, sight: _Sight, strengths: dict[int, float], reason: str) -> Reached:
        missed = [i for i in strengths if abs(self._gap(sight, strengths, i)) > self._close(sight, i)]
        if missed and not reason:
            reason = "; ".join(sight.hindrance(i, strengths[i]) for i in missed)
        return Reached(
            {sight.goals[i].direction.name: value for i, value in strengths.items()},
            sight.named(sight.see(dict.fromkeys(strengths, 0.0))[0]), sight.named(sight.see(strengths)[0]),
            sight.see(strengths)[1], reason, len(sight.seen),
        )  # fmt: skip

    def _gap(self, sight: _Sight, strengths: Mapping[int, float], i: int) -> float:
        return sight.see(strengths)[0][sight.columns[i]] - sight.goals[i].value

    def _close(self, sight: _Sight, i: int) -> float:
        start = sight.see(dict.fromkeys(range(len(sight.goals)), 0.0))[0][sight.columns[i]]
        goal = sight.goals[i]
        return self.tolerance * max(abs(goal.value - start), abs(goal.direction.step), 1e-9)

    def _one(self, sight: _Sight, strengths: Mapping[int, float], i: int) -> float:
        """The strength of goal i at which its gap closes, the others left as they are; the best seen if none does."""

        def gap(value: float) -> float:
            return self._gap(sight, {**strengths, i: value}, i)

        low, high = sight.bounds(i)
        here = strengths[i]
        seen = [(here, gap(here))]
        slope = sight.goals[i].direction.step or 1.0
        step = -seen[0][1] / slope
        for _ in range(self.evaluations):
            if abs(min(seen, key=_size)[1]) <= self._close(sight, i):
                break
            guess = min(max(_next(seen, here + step), low), high)
            if any(abs(guess - value) < 1e-4 for value, _ in seen):
                guess = min(max(_probe(seen, low, high), low), high)
                if any(abs(guess - value) < 1e-4 for value, _ in seen):
                    break
            seen.append((guess, gap(guess)))
        return min(seen, key=_size)[0]

    def _shorten(self, sight: _Sight, strengths: Mapping[int, float]) -> tuple[float, str]:
        """The largest share of the move that keeps within the limits, and what stands in the way of the rest."""
        broken = sight.broken(strengths)
        if not broken:
            return 1.0, ""
        low, high = 0.0, 1.0
        for _ in range(8):
            middle = (low + high) / 2
            if sight.broken({i: middle * value for i, value in strengths.items()}):
                high = middle
            else:
                low = middle
        return low, broken


def _size(pair: tuple[float, float]) -> float:
    return abs(pair[1])


def _next(seen: list[tuple[float, float]], first: float) -> float:
    """Where to look next: inside the narrowest bracket if there is one, else along the secant of the two best."""
    below = [pair for pair in seen if pair[1] <= 0]
    above = [pair for pair in seen if pair[1] > 0]
    if below and above:
        (a, fa), (b, fb) = min(
            ((p, q) for p in below for q in above), key=lambda pq: abs(pq[0][0] - pq[1][0])
        )
        secant = a - fa * (b - a) / (fb - fa)
        middle = (a + b) / 2
        return middle if len(seen) % 3 == 0 else secant
    if len(seen) == 1:
        return first
    (a, fa), (b, fb) = sorted(seen, key=_size)[:2]
    if fa == fb:
        return a + (a - b)
    step = -fa * (b - a) / (fb - fa)
    reach = 2.0 * max(abs(a - b), 1e-3)
    return a + max(-reach, min(reach, step))


def _probe(seen: list[tuple[float, float]], low: float, high: float) -> float:
    """Where nothing has been looked at yet: the middle of the widest gap between looks and bounds."""
    places = sorted({low, high, *(value for value, _ in seen)})
    a, b = max(pairwise(places), key=lambda pair: pair[1] - pair[0])
    return (a + b) / 2


class _Sight:
    """Renders and scores, each set of strengths once."""

    def __init__(
        self, render: Render, goals: Sequence[Goal], score: Scorer, limits: Limits, likeness: Likeness | None
    ) -> None:
        self.render, self.goals, self.score, self.limits, self.likeness = (
            render,
            list(goals),
            score,
            limits,
            likeness,
        )
        self.names = score.names
        if not goals:
            raise BadInput("the closed loop needs `goals`, for example age=60")
        if limits.min_identity is not None and likeness is None:
            raise BadInput("a least identity was given, but there is nothing to measure identity with")
        for name in [*(goal.name for goal in goals), *limits.max_change]:
            if name not in self.names:
                raise unknown("attribute", name, self.names)
        if len({goal.direction.name for goal in goals}) < len(goals):
            raise BadInput("two goals use the same direction; give each its own")
        for goal in goals:
            if not math.isfinite(goal.value):
                raise BadInput(f"the goal {goal.name}={goal.value} is not a number")
        self.columns = [self.names.index(goal.name) for goal in goals]
        self.seen: dict[tuple[float, ...], tuple[list[float], float | None]] = {}
        self.first: Images | None = None

    def see(self, strengths: Mapping[int, float]) -> tuple[list[float], float | None]:
        """Scores of all attributes and the similarity to the unedited face."""
        key = tuple(round(strengths[i], 9) for i in range(len(self.goals)))
        if key not in self.seen:
            with torch.no_grad():
                image = self.render({goal.direction: key[i] for i, goal in enumerate(self.goals)})
                if self.first is None:
                    zero = not any(key)
                    self.first = image if zero else self.render({goal.direction: 0.0 for goal in self.goals})
                scores = self.score(image)[0].float().tolist()
                likeness = None if self.likeness is None else float(self.likeness(image, self.first)[0])
            self.seen[key] = (scores, likeness)
        return self.seen[key]

    def named(self, scores: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.names, scores, strict=True))

    def bounds(self, i: int) -> tuple[float, float]:
        span = self.goals[i].direction.span
        return span or (-self.limits.widest, self.limits.widest)

    def hindrance(self, i: int, strength: float) -> str:
        """Why a goal was missed: the end of the span, or a direction that no strength brings nearer."""
        (low, high), name = self.bounds(i), self.goals[i].name
        if min(strength - low, high - strength) <= 0.01 * (high - low):
            return f"{name} would need more than the span {low:g} to {high:g} in which pictures stay right"
        return f"no strength from {low:g} to {high:g} brings {name} nearer than {strength:+.2f} does"

    def broken(self, strengths: Mapping[int, float]) -> str:
        """The first limit that this move breaks, in words; empty where it breaks none."""
        scores, likeness = self.see(strengths)
        start, _ = self.see(dict.fromkeys(range(len(self.goals)), 0.0))
        if (
            self.limits.min_identity is not None
            and likeness is not None
            and likeness < self.limits.min_identity
        ):
            return f"identity would fall to {likeness:.2f}, below {self.limits.min_identity:g}"
        for name, most in self.limits.max_change.items():
            change = abs(scores[self.names.index(name)] - start[self.names.index(name)])
            if change > most:
                return f"{name} would change by {change:.3g}, more than {most:g}"
        return ""
