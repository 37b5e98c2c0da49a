"""Recorded constructor arguments: each is read with a type and a range, and none may be left over."""

from __future__ import annotations

import math
from collections.abc import Mapping

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import printable, shown
from latentlab.store.bridge.records import NumpyArray

ACTIVATIONS = ("linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish")


class Recorded:
    """`whole`, `real`, `choice`, … take a value out; `close` refuses what nobody has taken."""

    def __init__(self, values: object, where: str, notes: list[str] | None = None) -> None:
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise BadFile(f"the recorded arguments of {where} are no dict of names")
        self.values: Mapping[str, object] = values
        self.where = where
        self.taken: set[str] = set()
        self.notes: list[str] = [] if notes is None else notes
        """Sentences for the user, shared with nested arguments."""

    def get(self, name: str, default: object = None) -> object:
        """Any value; the methods below check it."""
        self.taken.add(name)
        return self.values.get(name, default)

    def whole(self, name: str, default: int | None = None, low: int = 0, high: int = 1 << 20) -> int:
        """An integer between `low` and `high`."""
        value = self.get(name, default)
        if isinstance(value, float) and value == int(value if math.isfinite(value) else 0):
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, value, f"an integer from {low} to {high}")
        return value

    def whole_or_none(
        self, name: str, default: int | None = None, low: int = 0, high: int = 1 << 20
    ) -> int | None:
        """An integer, or None."""
        value = self.get(name, default)
        return None if value is None else self.whole(name, default, low, high)

    def real(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise self.wrong(name, value, "a number")
        return float(value)

    def real_or_none(self, name: str, default: float | None = None) -> float | None:
        """A finite number, or None."""
        return None if self.get(name, default) is None else self.real(name, default)

    def flag(self, name: str, *, default: bool) -> bool:
        """True or False."""
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, value, "True or False")
        return value

    def choice(self, name: str, default: object, among: tuple[str, ...]) -> str:
        """One of some words."""
        value = self.get(name, default)
        if not isinstance(value, str) or value not in among:
            raise self.wrong(name, value, "one of " + ", ".join(among))
        return value

    def power_of_two(self, name: str, default: int | None = None) -> int:
        """A resolution: 4, 8, 16, … 4096."""
        value = self.whole(name, default, 4, 4096)
        if value & (value - 1):
            raise self.wrong(name, value, "a power of two")
        return value

    def taps(self, name: str, default: tuple[float, ...] | None) -> list[float]:
        """A separable filter: a short list of numbers; None is the identity."""
        value = self.get(name, default)
        if isinstance(value, NumpyArray):
            value = value.array().tolist()
        if value is None:
            return [1.0]
        numbers = [] if not isinstance(value, list | tuple) or not 1 <= len(value) <= 64 else list(value)
        good = [n for n in numbers if isinstance(n, int | float) and abs(n) < 1e6]
        if not numbers or len(good) != len(numbers) or sum(good) == 0:
            raise self.wrong(name, value, "a short list of numbers")
        return [int(n) if n == int(n) else float(n) for n in good]

    def colours(self, name: str) -> dict[str, int]:
        """Channels of the pictures, left out where they are the usual three."""
        count = self.whole(name, 3, 1, 8)
        return {} if count == 3 else {"colours": count}

    def only(self, name: str, *accepted: object) -> None:
        """Take a value that we can honour only if it is one of these (or absent)."""
        value = self.get(name, accepted[0])
        if not any(type(value) is type(one) and value == one for one in accepted):
            raise self.wrong(name, value, " or ".join(map(repr, accepted)) + " (others are not supported)")

    def inner(self, name: str) -> Recorded:
        """Nested arguments, absent ones as empty."""
        return Recorded(self.get(name, {}), f"{self.where}, {name}", self.notes)

    def ignore(self, *names: str) -> None:
        """Take what changes no picture."""
        self.taken.update(names)

    def close(self) -> None:
        """Refuse arguments that nobody has asked for: they might change the pictures."""
        left = sorted(set(self.values) - self.taken)
        if left:
            raise BadFile(
                f"{self.where} was made with the argument '{printable(left[0])}', which is not known here"
            )

    def wrong(self, name: str, value: object, wanted: str) -> BadFile:
        return BadFile(
            f"{self.where} was made with {printable(name, 40)} = {shown(value)}; it must be {wanted}"
        )


def channel_table(resolution: int, base: int, most: int) -> dict[str, int]:
    """Channels of each block: min(base / r, most), keyed by r as text (JSON)."""
    table = {}
    size = 4
    while size <= resolution:
        table[str(size)] = max(1, min(base // size, most))
        size *= 2
    return table
