"""What a discovery found, as a page shows it: each direction with its label and what a step of it changes, by the judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latentlab.core.direction import Direction
from latentlab.core.errors import MissingPart
from latentlab.core.watch import Watch, part, silent
from latentlab.metrics.naming import clear_effects, ranked_effects
from latentlab.studio.discovery.discover import Discover, discover
from latentlab.studio.lab import Lab
from latentlab.studio.shelf import companions

FACES = 24
"""Fresh faces over which a step is measured: enough for a first look, not for a card that is published."""
SEARCH = 0.7
"""Share of the progress bar that belongs to the search."""
COLUMNS = 14


@dataclass(frozen=True, eq=False)
class Finding:
    """One direction, measured."""

    direction: Direction
    effects: dict[str, float]
    """What a step changes, in standard deviations of the network's samples, the strongest first; empty without a judge."""

    @property
    def label(self) -> str:
        """`age +, smile −`: what changes clearly; else that nothing that the judge reads does."""
        clear = clear_effects(self.effects).items()
        words = [f"{name.replace('_', ' ')} {'+' if value > 0 else '−'}" for name, value in clear]
        return ", ".join(words) or "nothing that the judge reads"


@dataclass(frozen=True, eq=False)
class Findings:
    """All that a discovery found."""

    rows: tuple[Finding, ...]

    @property
    def columns(self) -> list[str]:
        """The attributes of the leakage matrix: those that any direction moves most."""
        strongest: dict[str, float] = {}
        for row in self.rows:
            for name, value in row.effects.items():
                strongest[name] = max(strongest.get(name, 0.0), abs(value))
        return sorted(strongest, key=lambda name: -strongest[name])[:COLUMNS]


def find_out(lab: Lab, request: Discover, watch: Watch | None = None) -> Findings:
    """Discover, then measure what was found."""
    tell = watch or silent
    found = discover(lab, request, watch=part(tell, 0.0, SEARCH))
    return measured(lab, found, part(tell, SEARCH, 1.0))


def measured(lab: Lab, directions: Sequence[Direction], watch: Watch = silent) -> Findings:
    """What a step of each direction changes; without a judge that is left open."""
    from latentlab.metrics.leakage import Evaluate

    try:
        judge = companions.judge(lab)
    except MissingPart:
        return Findings(tuple(Finding(direction, {}) for direction in directions))
    method, rows = Evaluate(samples=FACES, strengths=(-1.0, 0.0, 1.0)), []
    for number, direction in enumerate(directions):
        watch(number / len(directions), f"measuring {direction.name}")
        rows.append(Finding(direction, ranked_effects(method.respond(lab.generator, direction, [judge]))))
    return Findings(tuple(rows))
