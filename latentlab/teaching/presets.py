"""Presets: a model's settings and its schedule under a name, with single settings changed by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

from latentlab.core.errors import unknown
from latentlab.teaching.settings import checked
from latentlab.training.schedule import TrainingSchedule

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Preset(Generic[Settings]):
    """Settings that belong together."""

    model: Settings
    """A dataclass: the trainable itself, or what it is made with."""
    schedule: TrainingSchedule

    def __post_init__(self) -> None:
        mine: Any = self.model
        both = {one.name for one in fields(mine)} & {one.name for one in fields(self.schedule)}
        if both:  # `--set NAME=VALUE` would change two things at once
            raise TypeError(f"model and schedule both have a setting called {', '.join(sorted(both))}")

    def changed(self, changes: Mapping[str, Any], what: str = "training setting") -> Preset[Settings]:
        """The same with some settings of the model or the schedule replaced, each checked.

        Raises:
            UnknownName: neither has a setting of that name; the nearest is named.
            BadInput: a value of another type, or below zero.
        """
        mine: Any = self.model
        theirs = checked(changes, (type(mine), TrainingSchedule), what)
        return Preset(_replaced(mine, theirs), _replaced(self.schedule, theirs))


def choose(presets: Mapping[str, Preset[Settings]], name: str, family: str) -> Preset[Settings]:
    """The preset of a name; UnknownName suggests the nearest."""
    if name not in presets:
        raise unknown(f"{family} preset", name, presets)
    return presets[name]


def _replaced(settings: Any, changes: Mapping[str, Any]) -> Any:
    own = {one.name for one in fields(settings)}
    return replace(settings, **{name: value for name, value in changes.items() if name in own})
