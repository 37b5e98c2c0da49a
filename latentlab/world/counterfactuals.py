"""Wishes: what is asked of a face, as a definition that can be rendered, with what naturally comes with it.

A wish takes a record to the record of the same person after the change, so that a pair of renders shows the true answer.
`age` is what happens to a person: wrinkles, sagging, thin lips, greying hair, a receding hairline; `age_alone` keeps the
hair as it was. Both are honest answers to "older", and a direction says which one it was taught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latentlab.core.errors import BadInput, unknown
from latentlab.world.factors import Face, columns, factors
from latentlab.world.laws import LIPSTICKS
from latentlab.world.scalp import recession
from latentlab.world.strand_light import grey_share

Change = Callable[[Face, float], Face | None]
"""A face and a number in -1..1 (its sign: more or less, its size: how much) to the face after the change, or None where
this face cannot have it."""


@dataclass(frozen=True, eq=False)
class Wish:
    """One change of a face, defined."""

    name: str
    attribute: str
    """What the scorers call what it moves; empty where none of them sees it."""
    step: float
    """What one step is, in the unit of the attribute."""
    meaning: str
    """What comes along and what does not, in words."""
    change: Change


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """The same people before and after; as many of each."""

    before: list[Face]
    after: list[Face]
    numbers: list[int]
    """Which of the faces given they are."""


def counterfactuals(wish: Wish, faces: Sequence[Face], seed: int = 0) -> Counterfactuals:
    """Every face that can have the wish, and itself with it; how far each goes is drawn from the seed and its place."""
    before, after, numbers = [], [], []
    for number, face in enumerate(faces):
        changed = wish.change(face, float(np.random.default_rng([seed, number]).uniform(-1, 1)))
        if changed is not None:
            before.append(face)
            after.append(changed)
            numbers.append(number)
    if not before:
        raise BadInput(
            f"none of {len(faces)} faces can have the wish '{wish.name}' ({wish.meaning}); ask for more faces"
        )
    return Counterfactuals(before, after, numbers)


def find_wish(name: str) -> Wish:
    """A wish by name; the nearest known one is suggested."""
    if name not in WISHES:
        raise unknown("wish", name, WISHES)
    return WISHES[name]


def _shift(name: str, largest: float, *, upward: bool = False) -> Change:
    """Half to all of `largest` added to a factor, or taken from it where there is no room."""
    (factor,) = (one for one in factors() if one.name == name)

    def change(face: Face, draw: float) -> Face | None:
        value, size = getattr(face, name), largest * (0.5 + 0.5 * abs(draw))
        wanted = (1,) if upward else (1, -1) if draw >= 0 else (-1, 1)
        for sign in wanted:
            if factor.low <= value + sign * size <= factor.high:
                return replace(face, **{name: value + sign * size})
        return None

    return change


def _age_alone(face: Face, draw: float) -> Face | None:
    """Another age with the hair of before: greying and hairline take back what the years bring."""
    older = AGE(face, draw)
    if older is None:
        return None
    then, now = columns([face]), columns([older])
    grey = older.greying + float(grey_share(then) - grey_share(now)) / 0.8
    line = older.hairline + float(recession(then) - recession(now)) / 0.75
    return replace(older, greying=min(max(grey, -1.0), 1.0), hairline=min(max(line, -1.0), 1.0))


def _toggled(
    name: str, off: object, on: Callable[[Face, float], dict[str, object]], can: Callable[[Face], bool] = lambda face: True
) -> Change:  # fmt: skip
    """What a face has or has not: put on faces that lack it."""

    def change(face: Face, draw: float) -> Face | None:
        if getattr(face, name) != off or not can(face):
            return None
        return replace(face, **on(face, draw))  # type: ignore[arg-type]

    return change


def _painted(name: str, colour: tuple[float, float, float]) -> Change:
    """Half to all of a colour, on faces that wear none."""
    return _toggled(name, 0.0, lambda face, draw: {name: 0.5 + 0.5 * abs(draw), f"{name}_colour": colour})


def _glasses(face: Face, draw: float) -> dict[str, object]:
    styles = ("round", "rectangular", "aviator", "browline")
    return {"glasses": styles[min(int(abs(draw) * 4), 3)], "glasses_tint": 0.03}


def _beard(face: Face, draw: float) -> dict[str, object]:
    styles = ("stubble", "goatee", "full", "full")
    return {"beard_style": styles[min(int(abs(draw) * 4), 3)], "beard_length": 0.4}


def _hair_lightness(face: Face, draw: float) -> Face | None:
    """The colour of the strands times or divided by up to 2.5, not of grey or shorn hair."""
    if face.hair_style in {"bald", "buzz"} or float(grey_share(columns([face]))) > 0.5:
        return None
    factor = 1.4 + 1.1 * abs(draw)
    for scale in (factor, 1 / factor) if draw >= 0 else (1 / factor, factor):
        colour = tuple(scale * channel for channel in face.hair_colour)
        if 0.1 <= max(colour) <= 0.85:
            return replace(face, hair_colour=colour)  # type: ignore[arg-type]
    return None


def _hair_length(face: Face, draw: float) -> Face | None:
    """From short to long hair and back; who wears something else is left alone."""
    if face.hair_style in {"crop", "short", "side_part", "slick"}:
        return replace(face, hair_style="long" if draw >= 0 else "wavy", hair_length=0.6)
    if face.hair_style in {"long", "wavy", "bob"}:
        return replace(face, hair_style="short" if draw >= 0 else "side_part")
    return None


AGE = _shift("age", 25.0)
_ALL = (
    Wish("age", "age", 10.0, "age with its consequences: wrinkles, sagging, thinner lips, greying, hairline", AGE),
    Wish("age_alone", "age", 10.0, "age alone: wrinkles, sagging and thinner lips; the hair stays as it is", _age_alone),
    Wish("smile", "smile", 0.25, "a smile with its cheeks and teeth", _shift("smile", 0.8)),
    Wish("mouth_open", "mouth_open", 0.15, "the jaw dropped", _shift("mouth_open", 0.6, upward=True)),
    Wish("surprise", "surprise", 0.1, "brows up, eyes wide, jaw a little open", _shift("surprise", 0.8, upward=True)),
    Wish("yaw", "yaw", 10.0, "the head turned, the light left where it is", _shift("yaw", 25.0)),
    Wish("pitch", "pitch", 5.0, "the head nodded, the light left where it is", _shift("pitch", 12.0)),
    Wish("blink", "blink", 0.2, "both lids lowered", _shift("blink", 0.8, upward=True)),
    Wish("gaze", "gaze_yaw", 5.0, "the eyes turned, the head left where it is", _shift("gaze_yaw", 18.0)),
    Wish("brows", "", 0.25, "brows from thin to bushy", _shift("brow_thickness", 0.5)),
    Wish("lipstick", "lip_redness", 8.0, "red lips on bare ones", _painted("lipstick", LIPSTICKS[0])),
    Wish("eye_shadow", "eye_shadow", 6.0, "plum-coloured lids on bare ones", _painted("eye_shadow", (0.32, 0.20, 0.36))),
    Wish("blush", "blush", 3.0, "rosy cheeks on bare ones", _painted("blush", (0.86, 0.42, 0.42))),
    Wish("glasses", "glasses", 0.5, "glasses of all styles on faces without", _toggled("glasses", "none", _glasses)),
    Wish("beard", "beard", 0.25, "a beard where one grows: masculine faces of 18 years and more",
         _toggled("beard_style", "none", _beard, lambda face: face.presentation > -0.2 and face.age >= 18)),
    Wish("hair", "hair_lightness", 10.0, "lighter or darker strands; brows and lashes stay", _hair_lightness),
    Wish("hair_length", "long_hair", 0.5, "short hair grown long and long hair cut", _hair_length),
    Wish("skin_tone", "skin_tone", 0.2, "more or less melanin", _shift("skin_tone", 0.4)),
    Wish("light", "light_azimuth", 0.3, "the key light moved round the head", _shift("light_azimuth", 60.0)),
)  # fmt: skip
WISHES: dict[str, Wish] = {wish.name: wish for wish in _ALL}
"""Every wish by name."""
