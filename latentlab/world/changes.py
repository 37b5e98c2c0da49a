"""Counterfactuals: the same person a change later, drawn at random, so that edits can be learnt and measured with their truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from latentlab.world.factors import BEARD_STYLES, GLASSES_STYLES, HAIR_STYLES, Face, factors
from latentlab.world.laws import BLUSHES, HAIR_COLOURS, LIPSTICKS, SHADOWS

Change = Callable[[Face, np.random.Generator], Face]
SECOND = 0.25
"""Chance that something else changes as well."""


def _moved(name: str, least: float, most: float) -> Change:
    """Up or down by at least and at most so much, within what can be rendered."""
    factor = next(factor for factor in factors() if factor.name == name)

    def change(face: Face, random: np.random.Generator) -> Face:
        value = getattr(face, name)
        step = random.uniform(least, most)
        up = value + step <= factor.high and (value - step < factor.low or random.uniform() < 0.5)
        wished = min(max(value + (step if up else -step), factor.low), factor.high)
        return _with(face, {name: wished})

    return change


def _toggled(name: str, least: float, **colours: Any) -> Change:
    """A share that is there taken away in half of all cases, else put on in one of the colours."""

    def change(face: Face, random: np.random.Generator) -> Face:
        if getattr(face, name) > 0 and random.uniform() < 0.5:
            return _with(face, {name: 0.0})
        values: dict[str, Any] = {name: float(random.uniform(least, 1))}
        for factor, choices in colours.items():
            values[factor] = _one_of(choices, random)
        return _with(face, values)

    return change


def _renamed(name: str, names: tuple[str, ...], bare: str) -> Change:
    """What is there taken away in half of all cases, else another kind of it."""

    def change(face: Face, random: np.random.Generator) -> Face:
        present = getattr(face, name)
        if present != bare and random.uniform() < 0.5:
            return _with(face, {name: bare})
        others = [one for one in names if one not in (present, bare)]
        return _with(face, {name: str(random.choice(others))})

    return change


def _recoloured(face: Face, random: np.random.Generator) -> Face:
    shade = np.asarray(_one_of(HAIR_COLOURS, random)) + random.normal(0, 0.03, 3)
    grey = float(random.uniform(-1, 1))
    return _with(face, {"hair_colour": tuple(float(v) for v in shade.clip(0, 1)), "greying": grey})


def _with(face: Face, values: Mapping[str, Any]) -> Face:
    return replace(face, **values)


def _one_of(choices: Any, random: np.random.Generator) -> Any:
    return choices[int(random.integers(len(choices)))]


CHANGES: Mapping[str, tuple[float, Change]] = MappingProxyType(
    {
        "age": (3.0, _moved("age", 4, 40)),
        "yaw": (3.0, _moved("yaw", 4, 35)),
        "pitch": (1.5, _moved("pitch", 3, 15)),
        "smile": (2.0, _moved("smile", 0.15, 1)),
        "mouth_open": (2.0, _moved("mouth_open", 0.1, 0.9)),
        "blink": (1.5, _moved("blink", 0.2, 1)),
        "surprise": (1.0, _moved("surprise", 0.2, 1)),
        "anger": (0.5, _moved("anger", 0.2, 1)),
        "presentation": (0.7, _moved("presentation", 0.2, 1)),
        "lipstick": (1.5, _toggled("lipstick", 0.3, lipstick_colour=LIPSTICKS)),
        "eye_shadow": (1.2, _toggled("eye_shadow", 0.3, eye_shadow_colour=SHADOWS)),
        "blush": (0.8, _toggled("blush", 0.3, blush_colour=BLUSHES)),
        "glasses": (2.0, _renamed("glasses", GLASSES_STYLES, "none")),
        "beard": (1.5, _renamed("beard_style", BEARD_STYLES, "none")),
        "hair_colour": (1.5, _recoloured),
        "hair_style": (0.4, _renamed("hair_style", HAIR_STYLES, "bald")),
        "hair_length": (0.4, _moved("hair_length", 0.2, 0.8)),
        "skin_tone": (0.8, _moved("skin_tone", 0.1, 0.5)),
        "light": (0.8, _moved("light_azimuth", 15, 70)),
        "nothing": (0.6, lambda face, random: face),
    }
)
"""How often each kind of change is drawn, and what it does."""


def draw_change(face: Face, random: np.random.Generator) -> tuple[str, Face]:
    """The kind of a change and the face after it; now and then another one comes along."""
    names = list(CHANGES)
    weights = np.asarray([CHANGES[name][0] for name in names])
    first, second = random.choice(names, 2, replace=False, p=weights / weights.sum())
    changed = CHANGES[first][1](face, random)
    if first != "nothing" and random.uniform() < SECOND:
        changed = CHANGES[second][1](changed, random)
    return str(first), changed
