"""Sliders: the directions of a network in groups that a person looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from latentlab.core.direction import Direction

GROUPS = {
    "Age and hair": ("age", "age_alone", "hair", "hair_length", "grey", "beard", "skin_tone"),
    "Expression": ("smile", "mouth_open", "surprise", "anger", "sadness", "blink", "brows", "gaze"),
    "Pose and light": ("yaw", "pitch", "roll", "light", "background"),
    "Makeup": ("lipstick", "eye_shadow", "blush", "liner"),
    "Accessories": ("glasses", "hat", "earrings"),
}
OTHERS, CHANNELS = "Others", "Channels of S"
UNITS = {"years": " years", "degrees": "°", "L*": " L*"}
"""How the units that people know are written after a number; others go without."""
WIDEST = (-3.0, 3.0)
"""The strengths of a direction whose span was not measured."""


@dataclass(frozen=True)
class Slider:
    """One direction as the page needs it."""

    name: str
    label: str
    unit: str
    per_step: float
    """By how many units one step moves the attribute."""
    low: float
    high: float
    step: float = 0.05
    help: str = ""


@dataclass(frozen=True)
class Group:
    """Sliders under one title."""

    title: str
    sliders: tuple[Slider, ...]
    open: bool = True

    def data(self) -> dict[str, object]:
        """As JSON for the page."""
        return asdict(self)


def slider(direction: Direction) -> Slider:
    """A direction between the ends of its span."""
    low, high = direction.span or WIDEST
    unit = UNITS.get(direction.unit, "")
    drags = sorted(direction.leakage.items(), key=lambda item: -abs(item[1]))[:3]
    told = ", ".join(f"{name} {value:+.2f} sd" for name, value in drags if abs(value) >= 0.02)
    help = f"one step drags along: {told}" if told else ""
    return Slider(
        direction.name,
        direction.name.replace("_", " "),
        unit,
        direction.step,
        min(low, 0.0),
        max(high, 0.0),
        help=help,
    )


def grouped(directions: Sequence[Direction], channels: Sequence[Direction] = ()) -> list[Group]:
    """The groups that have a direction, in their order; what no group knows comes last, then channels of S."""
    by_name = {direction.name: direction for direction in directions}
    found = []
    for title, names in GROUPS.items():
        members = tuple(slider(by_name.pop(name)) for name in names if name in by_name)
        if members:
            found.append(Group(title, members))
    rest = tuple(slider(direction) for _, direction in sorted(by_name.items()))
    found += [Group(OTHERS, rest, open=len(rest) <= 6)] if rest else []
    single = tuple(slider(direction) for direction in channels)
    return [*found, Group(CHANNELS, single)] if single else found
