"""How faces are drawn: `factorial` makes all factors independent, `natural` correlates them as in life,
`loose` leaves natural people and draws their looks, light and place apart (`world/loose.py`).

What the natural law ties together (the table of `docs/world.md`):

| given | drawn |
|---|---|
| age | greying and hairline vary round what the age brings; glasses from 15 % at 20 to 65 % at 80; smooth skin covers less |
| presentation | beard (masculine, after 18), makeup (feminine), hair style and length, brow thickness |
| age and presentation | makeup fades with age; bald and buzz cuts come with age |
| skin tone | hair and eye colour, freckles, undertone |
| hair colour | brow darkness, freckles |
| lipstick | the rest of the makeup |
| smile | raised cheeks, teeth; fewer sad or angry faces |
| light azimuth | pose: people turn towards the light a little |
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from latentlab.core.errors import BadInput, unknown
from latentlab.world.factors import (
    BEARD_STYLES,
    BLENDSHAPES,
    GLASSES_STYLES,
    HAIR_STYLES,
    SHAPE_MODES,
    Face,
    Factor,
    factors,
)
from latentlab.world.loose import loosen

Law = Literal["natural", "factorial", "loose"]
LAWS: tuple[str, ...] = get_args(Law)

SHAPE_SPREAD = 0.95
"""Standard deviation of the shape modes, a little below the model's own."""

HAIR_COLOURS = (
    (0.05, 0.04, 0.04), (0.11, 0.08, 0.065), (0.19, 0.125, 0.085), (0.29, 0.185, 0.115), (0.42, 0.29, 0.17), (0.58, 0.43, 0.26),
    (0.74, 0.60, 0.40), (0.48, 0.22, 0.10),
)  # fmt: skip
EYE_COLOURS = (
    (0.20, 0.115, 0.06), (0.31, 0.19, 0.10), (0.42, 0.29, 0.14), (0.36, 0.38, 0.20), (0.30, 0.43, 0.40), (0.30, 0.46, 0.62),
    (0.44, 0.53, 0.60),
)  # fmt: skip
LIPSTICKS = (
    (0.74, 0.06, 0.12), (0.60, 0.05, 0.16), (0.82, 0.24, 0.30), (0.76, 0.36, 0.36), (0.48, 0.08, 0.18), (0.86, 0.32, 0.22), (0.62, 0.26, 0.40),
)  # fmt: skip
SHADOWS = (
    (0.40, 0.26, 0.20),
    (0.32, 0.20, 0.36),
    (0.22, 0.30, 0.46),
    (0.58, 0.40, 0.28),
    (0.18, 0.17, 0.19),
    (0.60, 0.36, 0.40),
    (0.25, 0.38, 0.30),
)
BLUSHES = ((0.86, 0.42, 0.42), (0.84, 0.40, 0.30), (0.72, 0.28, 0.34))

_FEMININE_HAIR = {
    "bob": 4,
    "fringe": 2.5,
    "long": 6,
    "wavy": 5,
    "bun": 3,
    "curly": 1.5,
    "afro": 0.8,
    "short": 1,
    "side_part": 0.4,
    "crop": 0.3,
}
_MASCULINE_HAIR = {
    "bald": 1.2,
    "buzz": 2.5,
    "crop": 4,
    "short": 5,
    "side_part": 4,
    "slick": 2,
    "curly": 1.6,
    "afro": 0.8,
    "long": 0.4,
    "wavy": 0.3,
}


def draw_faces(n: int, law: Law | str = "natural", seed: int = 0, start: int = 0) -> list[Face]:
    """Faces number start to start + n of a seed; face i depends on the seed and on i only."""
    if law not in LAWS:
        raise unknown("sampling law", str(law), LAWS)
    if n < 0 or start < 0 or seed < 0:
        raise BadInput(f"count {n}, start {start} and seed {seed} have to be 0 or more")
    draw = {"natural": _natural, "factorial": _factorial, "loose": _loose}[law]
    return [draw(np.random.Generator(np.random.PCG64([seed, start + i, 3]))) for i in range(n)]


def _loose(random: np.random.Generator) -> Face:
    return loosen(_natural(random), random)


def _factorial(random: np.random.Generator) -> Face:
    return Face(**{factor.name: _independent(factor, random) for factor in factors()})


def _independent(factor: Factor, random: np.random.Generator) -> Any:
    low, high = factor.span
    if factor.law == "choice":
        return str(random.choice(factor.names))
    if factor.law == "normal":
        return _tuple(np.clip(random.normal(size=factor.size) * SHAPE_SPREAD, low, high))
    if factor.law == "sparse":
        return _few_blendshapes(random, 0.10)
    values = random.uniform(low, high, factor.size)
    if factor.law == "half" and random.uniform() < 0.5:
        values = np.zeros(factor.size)
    return float(values[0]) if factor.size == 1 else _tuple(values)


def _few_blendshapes(random: np.random.Generator, share: float) -> tuple[float, ...]:
    """A few weak raw weights; lids and gaze stay with their named factors."""
    weights = random.exponential(0.14, len(BLENDSHAPES)).clip(0, 0.6) * (
        random.uniform(size=len(BLENDSHAPES)) < share
    )
    for i, name in enumerate(BLENDSHAPES):
        if name.startswith(("eyeBlink", "eyeLook", "mouthClose")):
            weights[i] = 0.0
    return _tuple(weights)


def _tuple(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _near(
    random: np.random.Generator, colour: tuple[float, float, float], spread: float
) -> tuple[float, ...]:
    shade = 1 + random.normal() * spread
    return _tuple(np.clip(np.array(colour) * shade + random.normal(size=3) * spread * 0.15, 0.01, 1))


def _clip(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def _pick(random: np.random.Generator, weights: np.ndarray) -> int:
    return int(random.choice(len(weights), p=weights / weights.sum()))


def _natural(random: np.random.Generator) -> Face:
    person = _person(random)
    look = (
        _expression(random)
        | _pose(random)
        | _makeup(random, person)
        | _hair(random, person)
        | _glasses(random, person)
    )
    return Face(**person, **look, **_place(random, look["yaw"]))


def _person(random: np.random.Generator) -> dict[str, Any]:
    presentation = _clip(random.choice([-0.7, 0.7]) + random.normal() * 0.3, -1, 1)
    age = _clip(15 + 70 * random.beta(1.35, 1.9), 15, 85)
    tone = float(random.beta(1.1, 1.5))
    places = np.arange(len(EYE_COLOURS))
    eyes = _pick(
        random, np.exp(-((places / 6 - max(0.0, 0.62 - 1.5 * tone)) ** 2) / (0.02 + 0.10 * (1 - tone) ** 3))
    )
    return {
        "shape": _tuple(np.clip(random.normal(size=SHAPE_MODES) * SHAPE_SPREAD, -3, 3)),
        "presentation": presentation, "age": age, "skin_tone": tone,
        "undertone": _clip(0.3 * np.sin(tone * 3) + random.normal() * 0.35, -1, 1),
        "freckles": _clip((random.uniform() < 0.25 * (1 - tone)) * random.uniform(0.2, 1.0), 0, 1),
        "skin_pattern": _tuple(random.uniform(size=2)), "eye_colour": _near(random, EYE_COLOURS[eyes], 0.12),
        "brow_thickness": _clip(0.48 + 0.24 * presentation + random.normal() * 0.14, 0, 1),
        "brow_darkness": _clip(0.72 + random.normal() * 0.14, 0.2, 1),
        "greying": _clip(random.normal() * 0.15, -1, 1), "hairline": _clip(random.normal() * 0.10, -0.6, 0.6),
    }  # fmt: skip


def _expression(random: np.random.Generator) -> dict[str, Any]:
    mood = random.choice(
        ["calm", "smile", "grin", "open", "surprise", "anger", "sadness"],
        p=[0.34, 0.28, 0.16, 0.07, 0.05, 0.05, 0.05],
    )
    level = float(random.uniform(0.3, 1.0))
    values = dict.fromkeys(("smile", "mouth_open", "surprise", "anger", "sadness"), 0.0)
    if mood in ("smile", "grin"):
        values["smile"] = level * (0.55 if mood == "smile" else 1.0)
        values["mouth_open"] = float(random.uniform(0, 0.25)) if mood == "grin" else 0.0
    elif mood == "open":
        values["mouth_open"] = level
    elif mood != "calm":
        values[str(mood)] = level
    return {
        **values, "blendshapes": _few_blendshapes(random, 0.08),
        "blink": float(random.uniform(0.5, 1.0)) if random.uniform() < 0.012 else _clip(abs(random.normal()) * 0.04, 0, 0.2),
        "gaze_yaw": _clip(random.normal() * 7, -25, 25), "gaze_pitch": _clip(random.normal() * 3.5, -15, 15),
        "pupil": float(random.uniform(0.1, 0.6)),
    }  # fmt: skip


def _pose(random: np.random.Generator) -> dict[str, Any]:
    return {
        "yaw": _clip(random.normal() * (15 if random.uniform() < 0.8 else 32), -58, 58),
        "pitch": _clip(random.normal() * 6 - 1, -24, 24), "roll": _clip(random.normal() * 6, -30, 30),
    }  # fmt: skip


def _makeup(random: np.random.Generator, person: dict[str, Any]) -> dict[str, Any]:
    tone, presentation = person["skin_tone"], person["presentation"]
    likely = (
        max(0.0, -presentation)
        * 0.85
        * _clip(1.25 - person["age"] / 110, 0, 1)
        * (0.35 if person["age"] < 18 else 1)
    )
    wears = random.uniform() < likely
    strong = float(random.beta(1.6, 1.6))

    def strength(share: float, level: float) -> float:
        return (
            _clip(strong * level + random.normal() * 0.12, 0, 1)
            if wears and random.uniform() < share
            else 0.0
        )

    darker = 1 - 0.35 * tone
    return {
        "lipstick": strength(0.9, 1.1), "lipstick_colour": _near(random, LIPSTICKS[int(random.integers(len(LIPSTICKS)))], 0.10),
        "eye_shadow": strength(0.65, 0.9), "eye_shadow_colour": _near(random, SHADOWS[int(random.integers(len(SHADOWS)))], 0.15),
        "liner": strength(0.65, 1.0), "liner_colour": _near(random, (0.06, 0.05, 0.055), 0.2),
        "blush": strength(0.6, 0.9), "blush_colour": _near(random, BLUSHES[int(random.integers(len(BLUSHES)))], 0.08),
        "foundation": strength(0.7, 1.0),
        "foundation_colour": _near(random, (0.90 * darker, 0.73 * darker**1.3, 0.63 * darker**1.6), 0.05),
    }  # fmt: skip


def _hair(random: np.random.Generator, person: dict[str, Any]) -> dict[str, Any]:
    age, tone, presentation = person["age"], person["skin_tone"], person["presentation"]
    masculine = (presentation + 1) / 2
    weights = np.array([
        masculine**2 * _MASCULINE_HAIR.get(name, 0.0) + (1 - masculine) ** 2 * _FEMININE_HAIR.get(name, 0.0) for name in HAIR_STYLES
    ])  # fmt: skip
    weights[HAIR_STYLES.index("bald")] *= (0.3 + (age / 50) ** 2) * masculine
    weights[HAIR_STYLES.index("afro")] *= 0.05 + 5 * max(0.0, tone - 0.35)
    weights[HAIR_STYLES.index("curly")] *= 0.6 + 2.5 * tone
    if age > 55:
        for name in ("long", "wavy", "fringe"):
            weights[HAIR_STYLES.index(name)] *= 0.35
    places = np.arange(7) / 6
    colours = np.append(
        np.exp(-((places - max(0.0, 0.62 - 1.2 * tone)) ** 2) / (0.01 + 0.09 * (1 - tone) ** 2)),
        0.25 * (1 - tone) ** 3,
    )
    beards = np.array(
        [
            1.0,
            *(
                np.array([0.55, 0.18, 0.22, 0.42])
                * max(0.0, presentation)
                * _clip((age - 17) / 8, 0, 1)
                * 1.5
            ),
        ]
    )
    return {
        "hair_style": HAIR_STYLES[_pick(random, weights)],
        "hair_colour": _near(random, HAIR_COLOURS[_pick(random, colours)], 0.12),
        "hair_length": float(random.beta(2, 2)), "hair_volume": float(random.beta(2, 2)),
        "hair_part": _clip(random.choice([-0.5, 0.5, 0.0]) + random.normal() * 0.2, -1, 1),
        "beard_style": BEARD_STYLES[_pick(random, beards)], "beard_length": float(random.beta(1.6, 2.4)),
    }  # fmt: skip


def _glasses(random: np.random.Generator, person: dict[str, Any]) -> dict[str, Any]:
    likely = 0.15 + 0.50 * _clip((person["age"] - 20) / 60, 0, 1)
    style = "none" if random.uniform() > likely else str(random.choice(GLASSES_STYLES[1:]))
    dark = random.uniform() < 0.65
    colour = _near(random, (0.07, 0.06, 0.06), 0.3) if dark else _tuple(random.uniform(0.1, 0.7, 3))
    return {
        "glasses": style,
        "glasses_colour": colour,
        "glasses_tint": float(random.uniform(0, 0.12))
        if random.uniform() < 0.93
        else float(random.uniform(0.3, 0.7)),
    }


def _place(random: np.random.Generator, yaw: float) -> dict[str, Any]:
    cloth = random.beta(1.2, 2.2)
    vivid = random.beta(1.0, 4.5)
    base = random.uniform(0.05, 0.95, 3) * vivid + random.uniform(0.1, 0.85) * (1 - vivid)
    light = {
        "light_azimuth": _clip(0.4 * yaw + random.normal() * 32, -85, 85),
        "light_elevation": _clip(34 + random.normal() * 15, -5, 75), "light_strength": _clip(1 + random.normal() * 0.14, 0.6, 1.5),
        "light_temperature": _clip(5400 + random.normal() * 1100, 2800, 9000), "ambient": float(random.uniform(0.28, 0.75)),
        "ambient_colour": _tuple(np.clip(0.93 + random.normal(size=3) * 0.05, 0.7, 1.0)),
        "rim": float(random.uniform(0, 0.7)) if random.uniform() < 0.5 else 0.0,
    }  # fmt: skip
    camera = {
        "distance": float(np.exp(random.uniform(np.log(55), np.log(180)))), "zoom": _clip(1 + random.normal() * 0.02, 0.9, 1.1),
        "shift": _tuple(np.clip(random.normal(size=2) * 0.006, -0.03, 0.03)), "exposure": _clip(random.normal() * 0.15, -0.5, 0.5),
    }  # fmt: skip
    behind = {
        "background_top": _tuple(np.clip(base + random.normal(size=3) * 0.07, 0.02, 0.98)),
        "background_bottom": _tuple(np.clip(base * random.uniform(0.6, 1.1) + random.normal(size=3) * 0.07, 0.02, 0.98)),
        "background_blur": _tuple(random.uniform(size=4)), "cloth_colour": _tuple(random.uniform(0.05, 0.85, 3) * cloth + random.uniform(0.04, 0.85) * (1 - cloth)),
    }  # fmt: skip
    return light | camera | behind
