"""Who is never trained on: people kept apart, so that figures on real photographs are figures on strangers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PATTERNS = (
    (re.compile(r"^(?:volunteer|webmorph_[a-z]+_front)_0*(\d+)(?:_|$)"), "volunteer {0}"),
    (
        re.compile(r"^0*(\d+)_\d{2}$"),
        "volunteer {0}",
    ),  # as the Face Research Lab London Set itself names them
    (re.compile(r"^(?:synthetic|faker)_(female|male)_0*(\d+)(?:_|$)"), "synthetic {0} {1}"),
)
"""Names of pictures of the London Set (Face Research Lab) and of faker-js, and the person they mean."""

SHOWN_IN_PHOTOS = frozenset(
    [f"volunteer {number}" for number in (9, 14, 21, 44, 68, 100, 126, 141)]
    + [f"synthetic female {number}" for number in (1, 4, 67, 95)]
    + [f"synthetic male {number}" for number in (4, 33, 38, 63, 94, 99)]
)
"""The people of the test photographs; they stay held out where the photographs are not at hand."""

EVERY = 3
"""Volunteers whose number it divides are held out."""


@dataclass(frozen=True)
class Split:
    """Names of pictures, in their order."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]


def person(name: str) -> str:
    """Who a picture shows, from its file name; a name that tells nobody is a person of its own."""
    stem = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = re.sub(r"\.(?:jpe?g|png|webp|tiff?)$", "", stem, flags=re.IGNORECASE)
    for pattern, words in _PATTERNS:
        if match := pattern.match(stem.lower()):
            return words.format(*match.groups())
    return stem


def is_held_out(name: str, photos: Iterable[str] = ()) -> bool:
    """Whether a picture must not be trained on, nor settings be chosen by it.

    Held out is every person of the test photographs (`photos`, their file names, besides those that are always), under
    whatever name they appear, and every volunteer whose number is divisible by 3.
    """
    who = person(name)
    kind, _, number = who.partition(" ")
    if kind == "volunteer" and number.isdecimal() and int(number) % EVERY == 0:
        return True
    return who in SHOWN_IN_PHOTOS or who in {person(photo) for photo in photos}


def split(names: Sequence[str], photos: Iterable[str] = ()) -> Split:
    """The names to train on and those held out; no person is on both sides."""
    shown = tuple(photos)
    held_out = tuple(name for name in names if is_held_out(name, shown))
    apart = set(held_out)
    return Split(tuple(name for name in names if name not in apart), held_out)
