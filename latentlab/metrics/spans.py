"""Where a direction's pictures stop being right: they tear, the face or its landmarks are lost, or nothing moves any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.ranges import Between, MoreThan, Share, check

TEARS = "the picture tears"
LOST = "no face is found"
ASTRAY = "the face's landmarks are lost"
STRANGER = "it is somebody else"
STILL = "nothing moves any more"


@dataclass(frozen=True, eq=False)
class Look:
    """What was measured on the pictures of n faces at one strength, beside the same faces unmoved; each [n]."""

    torn: Tensor
    """Share of the face that was folded or had to be made up."""
    found: Tensor
    """bool: whether a detector sees a face; true where it saw none before either."""
    astray: Tensor
    """How far the landmarks lie from where they were meant to go, as a share of the distance between the eyes."""
    apart: Tensor
    """Distance of identity."""
    target: Tensor
    """What the direction is for, as the judge reads it, in its unit."""

    def medians(self) -> dict[str, float]:
        """Plain figures for a story: the median of each, and the share of faces that are found."""
        told = {name: float(getattr(self, name).median()) for name in ("torn", "astray", "apart", "target")}
        return {"found": float(self.found.float().mean())} | told


@dataclass(frozen=True)
class Span:
    """Strengths around 0 between which pictures are right, and what ends them."""

    low: float
    high: float
    ends: tuple[str, str]
    """What is wrong beyond `low` and beyond `high`; empty where the widest strength was still right."""
    seen: dict[float, Look] = field(default_factory=dict)


@dataclass(frozen=True)
class Spans:
    """Go from 0 both ways until pictures are no longer right."""

    widest: Annotated[float, MoreThan(0, 100)] = 4.0
    """Strengths up to this are tried, a whole one at a time, then half a one back."""
    torn: Share = 0.06
    """A picture with more of its face torn is not right."""
    astray: Annotated[float, MoreThan(0, 10)] = 0.1
    """Nor one whose landmarks lie further from where they were meant to go, in distances between the eyes."""
    apart: Annotated[float, MoreThan(0, 10)] = 0.6
    """Nor one that is somebody else (dlib's own threshold)."""
    wrong: Share = 0.25
    """Share of faces whose pictures may be so."""
    pace: Annotated[float, Between(0, 1)] = 0.2
    """The faces that move most still move by this share of a step for each strength."""

    def __post_init__(self) -> None:
        check(self)

    def find(self, look: Callable[[float], Look], step: float) -> Span:
        """The span of a direction whose step moves the target by `step`; `look` measures one strength."""
        seen = {0.0: look(0.0)}
        (low, below), (high, above) = (self._walk(look, seen, way, step) for way in (-1, 1))
        return Span(low, high, (below, above), dict(sorted(seen.items())))

    def trouble(self, there: Look, before: Look, distance: float, step: float) -> str:
        """What is wrong with these pictures, in words; empty where enough of them are right.

        `before` is what was right last, `distance` (with its sign) the strength between the two.
        """
        faults = {
            LOST: ~there.found,
            TEARS: there.torn > self.torn,
            ASTRAY: there.astray > self.astray,
            STRANGER: there.apart >= self.apart,
        }
        for words, faces in faults.items():
            if float(faces.float().mean()) > self.wrong:
                return words
        moved = (there.target - before.target) / (distance * step) if step else torch.ones(1)
        return "" if float(moved.quantile(0.9)) >= self.pace else STILL

    def _walk(
        self, look: Callable[[float], Look], seen: dict[float, Look], way: int, step: float
    ) -> tuple[float, str]:
        """The last strength on one side that is right, and what is wrong with the next."""
        last = 0.0
        while abs(last) < self.widest:
            length = min(1.0, self.widest - abs(last))
            there = last + way * length
            seen[there] = look(there)
            wrong = self.trouble(seen[there], seen[last], there - last, step)
            if not wrong:
                last = there
                continue
            half = last + way * length / 2
            seen[half] = look(half)
            right = not self.trouble(seen[half], seen[last], half - last, step)
            return (half if right else last), wrong
        return last, ""
