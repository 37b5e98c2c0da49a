"""A direction taken over to a fine-tuned child of its network, and what it lost on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.direction import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latentlab.core.watch import Watch
    from latentlab.metrics.leakage import Evaluate, Evaluation
    from latentlab.scorers.scorer import Scorer
    from latentlab.studio.studio import Studio


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
    studio: Studio, name: str, child: str, *, method: Evaluate | None = None, scorers: Sequence[Scorer] | None = None,
    save: bool = True, watch: Watch | None = None,
) -> Ported:  # fmt: skip
    """The direction for a child of this network; with `method`, both networks are measured on the same seeds."""
    from latentlab.directions.exchange import port as ported
    from latentlab.studio.discover import keep
    from latentlab.studio.library import find_direction
    from latentlab.studio.studio import Studio as Place

    direction = find_direction(studio, name)
    other = Place(child, studio.device, studio.home, studio.seed, studio.watch)
    moved = ported(direction, studio.generator.hash, other.generator)
    moved = replace(moved, name=f"{direction.name}-{Path(other.name).stem}")
    found = Ported(moved)
    if method is not None:
        found = _measured(studio, other, direction, moved, method, scorers, watch)
    if save:
        keep(other, [found.direction])
    return found


def _measured(
    studio: Studio, other: Studio, direction: Direction, moved: Direction, method: Evaluate,
    scorers: Sequence[Scorer] | None, watch: Watch | None,
) -> Ported:  # fmt: skip
    """What the same step does in parent and child, judged alike."""
    from latentlab.studio.evaluate import default_judges

    tell = studio.tell(watch)
    judges = list(scorers) if scorers is not None else default_judges(studio)
    rows = []
    for place, (studio_of, one) in enumerate(((studio, direction), (other, moved))):
        seen = method.respond(
            studio_of.generator, one, judges, watch=lambda done, text="", image=None, p=place: tell((p + done) / 2, text)
        )  # fmt: skip
        rows.append(method.judge(one, seen))
    found = Ported(moved, *rows)
    leakage = {name: round(value[0], 4) for name, value in rows[1].leakage.items()}
    story = dict(moved.story) | {
        "kept_of_step": None if found.kept is None else round(found.kept, 4),
        "leakage_in_parent": round(rows[0].total_leakage[0], 4),
        "leakage_in_child": round(rows[1].total_leakage[0], 4),
        "ported_n": rows[1].n,
    }
    return replace(found, direction=replace(moved, leakage=leakage, story=story))
