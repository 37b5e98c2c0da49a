"""A direction taken over to a fine-tuned child of its network, and what it lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.direction import Direction
from latentlab.core.watch import Watch, part
from latentlab.studio.discovery.discover import keep
from latentlab.studio.lab import Lab
from latentlab.studio.reports.evaluate import default_judges
from latentlab.studio.shelf.directions import find_direction

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer
    from latentlab.metrics.leakage import Evaluate, Evaluation


@dataclass(frozen=True, eq=False)
class Ported:
    """The direction in the child, and the same faces' answers in both networks."""

    direction: Direction
    parent: Evaluation | None = None
    child: Evaluation | None = None

    @property
    def kept(self) -> float | None:
        """Share of the target's change by one step, in its own unit, that the child still shows."""
        if self.parent is None or self.child is None or abs(self.parent.step[0]) < 1e-9:
            return None
        return self.child.step[0] / self.parent.step[0]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        rows = {"parent": self.parent, "child": self.child}
        return {"kept": self.kept, **{name: asdict(row) for name, row in rows.items() if row is not None}}


def port(
    studio: Lab, name: str, child: str | Path, method: Evaluate | None = None, *, save: bool = True, watch: Watch | None = None
) -> Ported:  # fmt: skip
    """The direction for a child of this network; with `method`, both networks are measured on the same seeds."""
    from latentlab.directions.exchange import port as ported

    direction = find_direction(studio, name)
    other = studio.on(child)
    moved = ported(direction, studio.generator.hash, other.generator)
    found = Ported(moved)
    if method is not None:
        found = compared(
            (studio, direction), (other, moved), method, default_judges(studio), studio.tell(watch)
        )
    if save:
        keep(other, [found.direction])
    return found


Side = tuple[Lab, Direction]
"""A network and the direction in it."""


def compared(parent: Side, child: Side, method: Evaluate, judges: Sequence[Scorer], watch: Watch) -> Ported:
    """What the same step does in parent and child, judged alike."""
    rows = []
    for place, (studio, one) in enumerate((parent, child)):
        tell = part(watch, place / 2, (place + 1) / 2)
        rows.append(method.judge(one, method.respond(studio.generator, one, judges, watch=tell)))
    found, moved = Ported(child[1], *rows), child[1]
    leakage = {name: round(value[0], 4) for name, value in rows[1].leakage.items()}
    here = {
        "judge_step": rows[1].step[0],
        "works": rows[1].works,
        "total_leakage": rows[1].total_leakage[0],
    }
    story = dict(moved.story) | {name: round(value, 4) for name, value in here.items()}
    story |= {
        "judged_on": rows[1].n,
        "kept_of_step": None if found.kept is None else round(found.kept, 4),
        "leakage_in_parent": round(rows[0].total_leakage[0], 4),
        "leakage_in_child": round(rows[1].total_leakage[0], 4),
        "ported_n": rows[1].n,
    }
    # a step does less in a child, so that its parent's span is no promise too many
    return replace(found, direction=replace(moved, leakage=leakage, story=story, span=parent[1].span))
