"""The words of an edit: `age=2`, `age=-3:3:7`, `NAME:4-7`, as values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from latentlab.core.errors import BadInput

Layers = tuple[int, int]


def parse_number(text: str, whole: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"'{text}' in '{whole}' is not a number; write for example age=2") from None
    if not math.isfinite(value):
        raise BadInput(f"'{text}' in '{whole}' is not a finite number")
    return value


def parse_strengths(words: Iterable[str]) -> dict[str, float]:
    """`age=2` and `smile` (one step) to names and strengths; several joined by commas are taken apart."""
    found: dict[str, float] = {}
    for word in _split(words):
        name, equals, number = word.partition("=")
        if not name or (equals and not number):
            raise BadInput(f"'{word}' is no direction with a strength; write for example age=2")
        if name in found:
            raise BadInput(f"direction '{name}' is given twice; give it one strength")
        found[name] = parse_number(number, word) if equals else 1.0
    return found


def parse_goals(words: Iterable[str]) -> dict[str, float]:
    """`age=60` to names and values."""
    found: dict[str, float] = {}
    for word in _split(words):
        name, equals, number = word.partition("=")
        if not name or not equals:
            raise BadInput(f"'{word}' is no goal; write the attribute and its value, for example age=60")
        found[name] = parse_number(number, word)
    return found


def parse_sweep(word: str) -> tuple[str, list[float]]:
    """`age=-3:3:7` to the name and the strengths."""
    from latentlab.editing.apply import sweep

    match = re.fullmatch(r"([^=]+)=([^:]+):([^:]+):(\d{1,4})", word.strip())
    if not match:
        raise BadInput(f"'{word}' is no sweep; write NAME=FROM:TO:COUNT, for example age=-3:3:7")
    name, low, high, count = match.groups()
    return name, sweep(parse_number(low, word), parse_number(high, word), int(count))


def parse_layers(text: str) -> Layers:
    """`4-7` or `4` to first and last."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4}))?\s*", text)
    if not match:
        raise BadInput(f"'{text}' is no range of layers; write for example 4-7")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise BadInput(f"the layers '{text}' run backwards; write {last}-{first}")
    return first, last


def parse_mix(text: str) -> tuple[str, Layers]:
    """`NAME:8-13` to another face and the layers taken from it."""
    name, colon, layers = text.rpartition(":")
    if not colon or not name:
        raise BadInput(
            f"'{text}' is no mix; write the other face and the layers taken from it, for example anna:8-13"
        )
    return name, parse_layers(layers)


def parse_blend(text: str) -> tuple[str, float]:
    """`NAME=.5` to another face and how far to go towards it."""
    name, equals, share = text.rpartition("=")
    if not equals or not name:
        raise BadInput(
            f"'{text}' is no interpolation; write the other face and the share, for example anna=.5"
        )
    return name, parse_number(share, text)


def _split(words: Iterable[str]) -> list[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


def label(strengths: dict[str, float]) -> str:
    """`age+2_smile-1`: what a file is called."""
    return "_".join(f"{name}{value:+g}" for name, value in strengths.items()) or "unedited"
