"""The law `loose`: people as in life, but what they wear, do and stand in drawn apart from them and from one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from latentlab.world.factors import BEARD_STYLES, GLASSES_STYLES, HAIR_STYLES, Face

MOODS = {"smile": 0.5, "mouth_open": 0.3, "surprise": 0.3, "anger": 0.3, "sadness": 0.3, "blink": 0.2}
"""How many faces show each, whatever else they show."""
PAINTS = ("lipstick", "eye_shadow", "liner", "blush", "foundation")


def loosen(face: Face, random: np.random.Generator) -> Face:
    """A natural face with other hair, looks, light and place; shape, age, skin and features stay."""
    return replace(
        face,
        **_expression(face, random),
        **_paint(face, random),
        **_hair(random),
        **_light(random),
        **_place(random),
    )


def _uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(random.uniform(low, high))


def _colour(random: np.random.Generator, low: float = 0.02, high: float = 0.95) -> tuple[float, ...]:
    return tuple(float(channel) for channel in random.uniform(low, high, 3))


def _expression(face: Face, random: np.random.Generator) -> dict[str, Any]:
    """Moods meet; half of the heads turn farther than natural ones."""
    moods = {
        name: _uniform(random, 0, 0.8 if name == "blink" else 1) if random.uniform() < share else 0.0
        for name, share in MOODS.items()
    }
    turn = random.uniform() < 0.5
    return {
        **moods, "gaze_yaw": _uniform(random, -25, 25), "gaze_pitch": _uniform(random, -14, 14),
        "yaw": _uniform(random, -55, 55) if turn else face.yaw, "pitch": _uniform(random, -22, 22) if turn else face.pitch,
    }  # fmt: skip


def _paint(face: Face, random: np.random.Generator) -> dict[str, Any]:
    """On half of all faces each, in the natural colour or in any."""
    looks: dict[str, Any] = {}
    for name in PAINTS:
        looks[name] = float(random.beta(1.5, 1.5)) if random.uniform() < 0.5 else 0.0
        looks[f"{name}_colour"] = (
            getattr(face, f"{name}_colour") if random.uniform() < 0.5 else _colour(random)
        )
    return looks


def _hair(random: np.random.Generator) -> dict[str, Any]:
    """Any style on anybody, from black to fair or in a colour that nobody is born with; beards and glasses alike."""
    shade = _uniform(random, 0.03, 0.85)
    born = (shade, shade**1.35, shade**1.9)
    return {
        "hair_style": str(random.choice(HAIR_STYLES)),
        "hair_colour": born if random.uniform() < 0.6 else _colour(random),
        "hair_length": _uniform(random, 0, 1), "hair_volume": _uniform(random, 0, 1), "hair_part": _uniform(random, -1, 1),
        "greying": _uniform(random, -0.6, 0.6), "hairline": _uniform(random, -0.6, 0.6),
        "beard_style": str(random.choice(BEARD_STYLES)) if random.uniform() < 0.5 else "none",
        "beard_length": _uniform(random, 0, 1),
        "glasses": str(random.choice(GLASSES_STYLES[1:])) if random.uniform() < 0.4 else "none",
        "glasses_colour": _colour(random), "glasses_tint": _uniform(random, 0, 0.3),
    }  # fmt: skip


def _light(random: np.random.Generator) -> dict[str, Any]:
    """Harder, softer, warmer and colder than natural light, and from anywhere."""
    return {
        "light_azimuth": _uniform(random, -88, 88), "light_elevation": _uniform(random, -15, 75),
        "light_strength": _uniform(random, 0.5, 1.6), "light_temperature": _uniform(random, 2700, 9800),
        "ambient": _uniform(random, 0.12, 0.95), "ambient_colour": _colour(random, 0.6, 1.0), "rim": _uniform(random, 0, 1),
    }  # fmt: skip


def _place(random: np.random.Generator) -> dict[str, Any]:
    """Two colours behind the head that know nothing of one another, nearer and farther cameras."""
    return {
        "background_top": _colour(random), "background_bottom": _colour(random),
        "background_blur": tuple(float(value) for value in random.uniform(size=4)), "cloth_colour": _colour(random),
        "distance": float(np.exp(random.uniform(np.log(45), np.log(250)))), "exposure": _uniform(random, -0.45, 0.45),
    }  # fmt: skip
