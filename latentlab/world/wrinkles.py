"""Where faces fold: broken, uneven lines relative to the 68 landmarks, each with a depth and a width in centimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Fold = tuple[Array, float, float]
"""Path [k, 3], depth, width."""

LATE = 1.0
"""Weight of the fine crepe that covers old skin."""


def early_paths(p: Array, random: np.random.Generator) -> list[Fold]:
    """Lines that come between thirty and fifty: forehead, frown, crow's feet, under the eyes, beside the mouth."""
    folds: list[Fold] = []
    folds += _forehead(p, random, rows=4, depth=0.035)
    for side in (-1, 1):
        folds += _nasolabial(p, random, side, depth=0.085)
        folds += _crow(p, random, side, count=4, depth=0.035)
        folds += _under_eye(p, random, side, depth=0.04)
        folds.append(
            (
                _line(
                    random,
                    _at(p[21], side) + np.array([0.35 * side, -0.1, 0]),
                    _at(p[21], side) + np.array([0.25 * side, 1.3, 0]),
                    0.05,
                ),
                0.04,
                0.07,
            )
        )
    return folds


def late_paths(p: Array, random: np.random.Generator) -> list[Fold]:
    """Lines that come after fifty: more of the forehead, cheeks, marionette lines, lip lines, neck."""
    folds: list[Fold] = []
    folds += _forehead(p, random, rows=6, depth=0.03)
    for side in (-1, 1):
        corner = _at(p[54], side)
        folds.append(
            (
                _line(
                    random,
                    corner + np.array([0.25 * side, -0.1, -0.2]),
                    corner + np.array([0.55 * side, -2.4, -0.6]),
                    0.10,
                ),
                0.07,
                0.12,
            )
        )
        folds += _crow(p, random, side, count=6, depth=0.04)
        folds += _under_eye(p, random, side, depth=0.05)
        folds += _cheek(p, random, side)
    for i in range(9):
        x = -1.6 + 0.4 * i + random.normal() * 0.06
        top = np.array(
            [
                x,
                np.interp(abs(x), [0, 1.7, 2.5], [p[51, 1], p[53, 1], p[54, 1]]),
                np.interp(abs(x), [0, 1.7, 2.5], [p[51, 2], p[53, 2], p[54, 2]]),
            ]
        )
        folds.append(
            (
                _line(
                    random,
                    top + np.array([0, -0.05, 0]),
                    top + np.array([x * 0.12, 0.75 + random.normal() * 0.1, -0.25]),
                    0.03,
                ),
                0.022,
                0.05,
            )
        )
    for i in range(3):
        y = p[8, 1] - 2.0 - 1.5 * i
        folds.append(
            (_arc(random, np.array([0, y, p[8, 2] - 4.5 - 0.4 * i]), 4.5, 0.5, 2.0, 0.12), 0.05, 0.12)
        )
    return folds


def _at(point: Array, side: int) -> Array:
    return np.array([abs(point[0]) * side, point[1], point[2]])


def _line(random: np.random.Generator, start: Array, end: Array, wobble: float, samples: int = 14) -> Array:
    t = np.linspace(0, 1, samples)[:, None]
    straight = np.asarray(start) * (1 - t) + np.asarray(end) * t
    return straight + _wander(random, samples, wobble)


def _wander(random: np.random.Generator, samples: int, wobble: float) -> Array:
    steps = np.cumsum(random.normal(size=(samples, 3)), 0) / np.sqrt(samples)
    steps -= np.linspace(0, 1, samples)[:, None] * steps[-1]
    return steps * wobble * [1, 1, 0.3]


def _arc(
    random: np.random.Generator, centre: Array, half: float, rise: float, back: float, wobble: float
) -> Array:
    t = np.linspace(-1, 1, 20)
    path = np.stack([centre[0] + half * t, centre[1] + rise * t**2, centre[2] - back * t**2], 1)
    return path + _wander(random, 20, wobble)


def _forehead(p: Array, random: np.random.Generator, rows: int, depth: float) -> list[Fold]:
    folds: list[Fold] = []
    base = (p[21] + p[22]) / 2
    for row in range(rows):
        height = 1.3 + (row + random.uniform(-0.2, 0.2)) * 3.2 / rows
        for piece in range(3):  # broken lines: three overlapping pieces of their own depth
            middle = (piece - 1) * 2.3 + random.normal() * 0.35
            half = random.uniform(1.0, 1.9)
            t = np.linspace(-1, 1, 16)
            x = middle + half * t
            y = base[1] + height + 0.28 * np.cos(x * 0.9) - 0.022 * x**2 + random.normal() * 0.10
            z = base[2] - 0.05 * height**2 - 0.052 * x**2 + 0.1
            strength = depth * random.uniform(0.35, 1.0)
            folds.append(
                (np.stack([x, y, z], 1) + _wander(random, 16, 0.12), strength, random.uniform(0.07, 0.12))
            )
    return folds


def _crow(p: Array, random: np.random.Generator, side: int, count: int, depth: float) -> list[Fold]:
    corner = _at(p[45], side)
    folds: list[Fold] = []
    for i in range(count):
        angle = np.radians(np.linspace(38, -48, count)[i] + random.normal() * 5)
        length = random.uniform(0.9, 1.7)
        start = corner + np.array([0.55 * side, 0.15 * np.sin(angle), -0.35])
        end = start + np.array([np.cos(angle) * length * side, np.sin(angle) * length, -0.75 * length])
        path = _line(random, start, end, 0.05)
        path[:, 1] += 0.12 * np.sin(np.linspace(0, np.pi, len(path))) * np.sign(np.sin(angle))
        folds.append((path, depth * random.uniform(0.5, 1.0), random.uniform(0.05, 0.08)))
    return folds


def _under_eye(p: Array, random: np.random.Generator, side: int, depth: float) -> list[Fold]:
    inner, outer = _at(p[42], side), _at(p[45], side)
    folds: list[Fold] = []
    for drop, amount in ((0.75, 1.0), (1.15, 0.6)):
        t = np.linspace(0, 1, 16)[:, None]
        path = inner * (1 - t) + outer * t
        path[:, 1] -= drop * 0.55 + (drop * 0.9) * np.sin(np.pi * t[:, 0])
        path[:, 2] += 0.35 * np.sin(np.pi * t[:, 0])
        folds.append((path + _wander(random, 16, 0.05), depth * amount, 0.10))
    return folds


def _nasolabial(p: Array, random: np.random.Generator, side: int, depth: float) -> list[Fold]:
    wing, corner = _at(p[35], side), _at(p[54], side)
    start = wing + np.array([0.75 * side, 0.55, -0.2])
    end = corner + np.array([0.75 * side, -0.35, -0.35])
    t = np.linspace(0, 1, 16)[:, None]
    path = start * (1 - t) + end * t
    path[:, 0] += side * 0.35 * np.sin(np.pi * t[:, 0])
    return [(path + _wander(random, 16, 0.04), depth, 0.16)]


def _cheek(p: Array, random: np.random.Generator, side: int) -> list[Fold]:
    folds: list[Fold] = []
    for _ in range(5):
        start = np.array([random.uniform(4.2, 5.8) * side, random.uniform(-3.5, 1.0), 8.2])
        start[2] = 9.6 - 0.12 * (abs(start[0]) - 3) ** 2 - 0.35 * (abs(start[0]) - 3)
        end = start + np.array([random.uniform(0.2, 0.8) * side, -random.uniform(0.9, 1.9), -0.5])
        folds.append((_line(random, start, end, 0.06), 0.028, 0.09))
    return folds
