"""The tasks of the benchmark, each with its true answer: one face twice, equal in all but what is asked for, by a fixed amount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from latentlab.core.errors import unknown
from latentlab.world.factors import BLENDSHAPES, Face, identity_factors
from latentlab.world.laws import draw_faces

YEARS = 20.0
"""How much older or younger the age tasks make a face."""
SMILE = 0.9
TURNS = (15.0, 60.0)
"""Degrees, to either side, from which a face is brought to the front."""
MAKEUP = tuple(
    field.name
    for field in fields(Face)
    if field.name.startswith(("lipstick", "eye_shadow", "liner", "blush", "foundation"))
)
STRENGTHS = ("lipstick", "eye_shadow", "liner", "blush", "foundation")


@dataclass(frozen=True)
class TaskPair:
    """A face before and after, and what was asked for."""

    before: Face
    after: Face
    value: float = 1.0
    """The wish in its own unit: years of the face afterwards, strength of the smile, 1 where there is no degree."""
    style: str = "photo"
    """How the face afterwards is drawn."""
    reference: Face | None = None
    """Whose makeup, or whose identity, was asked for."""


def task_pairs(task: str, n: int, seed: int, start: int = 0) -> list[TaskPair]:
    """Number `start` to `start` + `n` of a task and seed; each depends on task, seed and number alone."""
    if task not in TASKS:
        raise unknown("task", task, TASKS)
    faces = draw_faces(n, "natural", seed, start)
    draws = [np.random.Generator(np.random.PCG64([seed, start + i, 17])) for i in range(n)]
    return [TASKS[task](face, draw) for face, draw in zip(faces, draws, strict=True)]


def at_rest(face: Face) -> Face:
    """Without expression, eyes open."""
    still: dict[str, Any] = dict.fromkeys(
        ("smile", "mouth_open", "surprise", "anger", "sadness", "blink"), 0.0
    )
    return replace(face, blendshapes=(0.0,) * len(BLENDSHAPES), **still)


def bare(face: Face) -> Face:
    """Without makeup."""
    nothing: dict[str, Any] = dict.fromkeys(STRENGTHS, 0.0)
    return replace(face, **nothing)


def as_person(face: Face, person: Face) -> Face:
    """Another person in the same place, light, pose, age, hair and mood."""
    return replace(face, **{name: getattr(person, name) for name in identity_factors()})


def _older(face: Face, draw: np.random.Generator) -> TaskPair:
    young = replace(face, age=float(draw.uniform(20, 60)))
    old = replace(young, age=young.age + YEARS)
    return TaskPair(young, old, old.age)


def _younger(face: Face, draw: np.random.Generator) -> TaskPair:
    pair = _older(face, draw)
    return TaskPair(pair.after, pair.before, pair.before.age)


def _smile(face: Face, draw: np.random.Generator) -> TaskPair:
    calm = at_rest(face)
    return TaskPair(calm, replace(calm, smile=SMILE), SMILE)


def _neutral(face: Face, draw: np.random.Generator) -> TaskPair:
    pair = _smile(face, draw)
    return TaskPair(pair.after, pair.before)


def _frontal(face: Face, draw: np.random.Generator) -> TaskPair:
    yaw = float(draw.uniform(*TURNS) * draw.choice((-1, 1)))
    return TaskPair(replace(face, yaw=yaw), replace(face, yaw=0.0, pitch=0.0))


def _makeup(face: Face, draw: np.random.Generator) -> TaskPair:
    woman = replace(
        bare(face), presentation=-abs(face.presentation), beard_style="none", age=min(face.age, 55.0)
    )
    (other,) = draw_faces(1, "natural", int(draw.integers(2**31)))
    strengths: dict[str, Any] = {name: float(draw.uniform(0.6, 1.0)) for name in STRENGTHS[:4]} | {
        "foundation": 0.3
    }
    reference = replace(at_rest(other), presentation=-abs(other.presentation), beard_style="none", glasses="none", age=min(other.age, 45.0), **strengths)  # fmt: skip
    worn = {name: getattr(reference, name) for name in MAKEUP}
    return TaskPair(woman, replace(woman, **worn), reference=reference)


def _bare(face: Face, draw: np.random.Generator) -> TaskPair:
    pair = _makeup(face, draw)
    return TaskPair(pair.after, pair.before)


def _identity(face: Face, draw: np.random.Generator) -> TaskPair:
    (other,) = draw_faces(1, "natural", int(draw.integers(2**31)))
    return TaskPair(face, as_person(face, other), reference=other)


def _toon(face: Face, draw: np.random.Generator) -> TaskPair:
    return TaskPair(face, face, style="toon")


TASKS: dict[str, Callable[[Face, np.random.Generator], TaskPair]] = {
    "older": _older,
    "younger": _younger,
    "smile": _smile,
    "neutral": _neutral,
    "frontal": _frontal,
    "makeup": _makeup,
    "bare": _bare,
    "identity": _identity,
    "toon": _toon,
}
