"""What a direction's file tells without its vector; read without torch, so that listing directions takes no second."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentlab.store.home import check_name

SUFFIX = ".direction.safetensors"
SPACES = ("Z", "W", "W_PLUS", "S")


@dataclass(frozen=True)
class Facts:
    """The fields of a `core.direction.Direction` besides its vector."""

    name: str
    space: str
    """Name of the space."""
    unit: str
    step: float
    span: tuple[float, float] | None
    layers: tuple[int, int] | None
    model: str
    found_by: str
    leakage: Mapping[str, float]
    story: Mapping[str, object]
    photo_span: tuple[float, float] | None


def facts_in(story: Mapping[str, Any]) -> Facts:
    """The facts in a story; KeyError, TypeError, ValueError or BadInput where it is not a direction's."""
    space = str(story["space"])
    if space not in SPACES:
        raise KeyError(space)
    return Facts(
        name=check_name(str(story["name"])),
        space=space,
        unit=str(story["unit"]),
        step=finite_number(story["step"]),
        span=_pair(story.get("span"), float),
        layers=_pair(story.get("layers"), int),
        model=str(story["model"]),
        found_by=str(story["found_by"]),
        leakage={str(name): finite_number(value) for name, value in dict(story["leakage"]).items()},
        story=dict(story["how"]),
        photo_span=_pair(story.get("photo_span"), finite_number),
    )


def finite_number(value: Any) -> float:
    """The value as a number; ValueError for NaN, infinity and words."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no number")
    return number


def _pair(value: Any, kind: Callable[[Any], Any]) -> tuple[Any, Any] | None:
    if value is None:
        return None
    first, last = value
    return kind(first), kind(last)


def names_in(folder: Path | str) -> dict[str, Path]:
    """Directions in a folder by name."""
    folder = Path(folder)
    found = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    return {path.name.removesuffix(SUFFIX): path for path in found}
