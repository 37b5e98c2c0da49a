"""Closed loops of a page: bring an attribute of a view to a value and stay the same person."""

from __future__ import annotations

from dataclasses import replace

from latentlab.core.errors import BadInput
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import View
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.reports.score import score
from latentlab.studio.shelf import companions


def readable(desk: Desk) -> dict[str, str]:
    """Directions whose attribute the guide reads, and so can bring to a value, with their units."""
    guide = companions.guide(desk.studio)
    found = {name: str(one.story.get("attribute", name)) for name, one in desk.directions().items()}
    return {name: guide.units[attribute] for name, attribute in found.items() if attribute in guide.names}


def reading_of(desk: Desk, view: View, name: str) -> float:
    """What the guide reads on the view's face before any edit."""
    scores = desk.noted(("guide", view.plain()), lambda: score(desk.studio, desk.face(view).image))
    attribute = str(desk.directions()[name].story.get("attribute", name))
    return scores[attribute]


def reach(desk: Desk, view: View, name: str, value: float, identity: float | None) -> tuple[View, str]:
    """The view with the direction as strong as the value needs, and what was reached, in words."""
    rest = {other: amount for other, amount in view.strengths.items() if other != name}
    edit = desk.edit(view) or Edit(goals={name: value})
    asked = replace(edit, directions=rest, goals={name: value}, min_identity=identity)
    opened = desk.studio.open_edit(desk.face(view), asked)
    for _ in opened.draw():
        pass
    if opened.reached is None:
        raise BadInput(f"'{name}' could not be brought to {value:g}; try another value")
    return view.moved({**rest, **opened.reached.strengths}), "; ".join(opened.notes())
