"""What values an option takes, said in its type and checked in one place for command line, Python, recipes and service.

    steps: Annotated[int, Between(1, 100_000)] = 140

A frozen dataclass calls `check(self)` when it is made; the message names the field, what was seen and what fits.
"""

from __future__ import annotations

import math
import sys
import types
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from latentlab.core.errors import BadInput

LARGEST_SEED = 2**32 - 1


class Range(ABC):
    """A set of values, in words."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Whether the value is among them."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What to write instead."""


@dataclass(frozen=True)
class Between(Range):
    """Numbers from `low` to `high`, both among them."""

    low: float
    high: float

    def holds(self, value: Any) -> bool:
        return _is_number(value) and self.low <= value <= self.high

    @property
    def words(self) -> str:
        return f"{_number(self.low)} to {_number(self.high)}"


@dataclass(frozen=True)
class MoreThan(Range):
    """Numbers above `low`, up to `high`; infinity is among them where `high` is."""

    low: float
    high: float = math.inf

    def holds(self, value: Any) -> bool:
        return _is_number(value) and self.low < value <= self.high

    @property
    def words(self) -> str:
        most = "" if self.high == math.inf else f", at most {_number(self.high)}"
        return f"a number above {_number(self.low)}{most}"


@dataclass(frozen=True)
class PowerOfTwo(Range):
    """2, 4, 8, …: sides of pictures; with `zero` also 0."""

    low: int
    high: int
    zero: bool = False

    def holds(self, value: Any) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        fits = self.low <= value <= self.high and value & (value - 1) == 0
        return fits or (self.zero and value == 0)

    @property
    def words(self) -> str:
        return f"{'0 or ' if self.zero else ''}a power of two from {self.low} to {self.high}"


Seed = Annotated[int, Between(0, LARGEST_SEED)]
"""What the published tools' random generator takes."""
Share = Annotated[float, Between(0, 1)]
Weight = Annotated[float, Between(0, 1e9)]
"""Of a term of a loss."""
Rate = Annotated[float, MoreThan(0, 10)]
"""Of learning."""
Seconds = Annotated[float, MoreThan(0)]
"""Infinity is no limit."""
Steps = Annotated[int, Between(1, 1_000_000)]
Patience = Annotated[int, Between(0, 1_000_000)]
"""Steps without improvement; 0 waits for ever."""
Count = Annotated[int, Between(1, 100_000_000)]
"""Of pictures, faces or samples."""
Batch = Annotated[int, Between(1, 65_536)]
Psi = Annotated[float, Between(-10, 10)]
"""Of truncation: 0 is the average, 1 no truncation, below 0 the opposite."""
Pixels = Annotated[int, Between(16, 4096)]
"""Side of a picture."""
Width = Annotated[int, Between(1, 65_536)]
"""Channels of a layer."""
FaceNumber = Annotated[int, Between(1, 1000)]
"""Of a face in a photo, from the left."""
MeasuredSamples = Annotated[int, Between(10, 10_000_000)]
"""Samples that a measurement needs: fewer have no interval."""
ComparedSamples = Annotated[int, Between(16, 10_000_000)]
"""Samples whose distribution is compared."""
SamplesOrNone = Annotated[int, Between(0, 10_000_000)]
"""Samples for a part that 0 leaves out."""
Fps = Annotated[int, Between(1, 240)]
"""Frames a second."""
Frames = Annotated[int, Between(1, 100_000)]
"""From one sample to the next."""
Reach = Annotated[int, Between(1, 20)]
"""Steps to either side."""
SheetSamples = Annotated[int, Between(1, 1000)]
"""Samples on a sheet."""
ImagesShown = Annotated[int, Between(1, 1_000_000_000_000)]
"""Shown in a training."""
Resolution = Annotated[int, PowerOfTwo(4, 4096)]
"""Side of what a network draws."""
Halvings = Annotated[int, Between(0, 12)]
"""How many of the largest resolutions."""
SideOrNone = Annotated[int, PowerOfTwo(4, 4096, zero=True)]
"""A resolution from which on something holds; 0 is none."""
Channels = Annotated[int, Between(4, 4096)]
"""Of the first stage of a scorer."""
Depth = Annotated[int, Between(1, 100)]
"""Of a scorer, at each size."""
Views = Annotated[int, Between(1, 250)]
"""Pictures of each person."""
LayerCount = Annotated[int, Between(0, 100)]
"""How many layers."""
ClassNumber = Annotated[int, Between(0, 1_000_000)]
"""Of a conditional network."""
Pictures = Annotated[int, Between(1, 10_000_000)]
"""In a rendered data set."""
Workers = Annotated[int, Between(1, 1024)]
"""Processes."""
SheetSide = Annotated[int, Between(32, 512)]
"""Side of a face on a contact sheet."""
SheetRows = Annotated[int, Between(1, 100)]
"""Of a contact sheet."""
Step = Annotated[float, MoreThan(0, 1_000_000)]
"""Of a direction, in its unit."""
Change = Annotated[float, Between(0, 1_000_000)]
"""Of an attribute, in its unit."""
Port = Annotated[int, Between(1, 65_535)]
"""Of a service on this machine."""
LayerRange = tuple[Annotated[int, Between(0, 100)], Annotated[int, Between(0, 100)]]
"""First and last layer."""
Strength = Annotated[float, Between(-100, 100)]
"""Steps along a direction."""


def check(instance: Any) -> None:
    """BadInput where a field of a dataclass holds what its type's range does not."""
    kind: Any = type(instance)
    for name, hint in _hints(kind).items():
        check_value(getattr(instance, name), hint, name)


def check_value(value: Any, hint: Any, name: str) -> None:
    """The same for one value of a type; `None` passes where the type has it."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base = inner[0]
        if value is None and type(None) in get_args(base):
            return
        for mark in inner[1:]:
            if isinstance(mark, Range):
                _hold(value, base, mark, name)
        check_value(value, base, name)
    elif origin is Literal:
        if value not in inner:
            raise BadInput(f"{name}={value!r} is none of {', '.join(map(str, inner))}; choose one of them")
    elif origin in (Union, types.UnionType):
        if value is not None or type(None) not in inner:
            _check_any(value, [arm for arm in inner if arm is not type(None)], name)
    elif origin in (tuple, list, frozenset) or _is_collection(origin):
        _check_items(value, origin, inner, name)


def ranges_of(hint: Any) -> list[Range]:
    """All ranges in a type, those of its parts too."""
    if get_origin(hint) is Annotated:
        own = [mark for mark in get_args(hint)[1:] if isinstance(mark, Range)]
        return own + ranges_of(get_args(hint)[0])
    return [found for part in get_args(hint) for found in ranges_of(part)]


def _hold(value: Any, base: Any, mark: Range, name: str) -> None:
    whole = base is int and isinstance(value, float)
    if whole or not mark.holds(value):
        kind = "a whole number, " if base is int else ""
        raise BadInput(f"`{name}` {_shown(value)} is out of range; write {kind}{mark.words}")


def _check_any(value: Any, arms: list[Any], name: str) -> None:
    """A value that fits one of several types; the complaint is that of the type it is of."""
    complaints: list[BadInput] = []
    for arm in arms:
        try:
            check_value(value, arm, name)
        except BadInput as error:
            complaints.append(error)
    plain = [arm for arm in arms if not ranges_of(arm)]
    fits = any(isinstance(arm, type) and isinstance(value, arm) for arm in plain)
    if complaints and len(complaints) + len(plain) == len(arms) and not fits:
        raise complaints[0]


def _check_items(value: Any, origin: Any, inner: tuple, name: str) -> None:
    if hasattr(value, "items"):
        for key, item in value.items():
            check_value(item, inner[1] if len(inner) > 1 else Any, f"{name} of {key}")
        return
    if not isinstance(value, tuple | list | frozenset) or not inner:
        return
    endless = origin is not tuple or inner[-1] is Ellipsis
    for item, kind in zip(value, [inner[0]] * len(value) if endless else inner, strict=False):
        check_value(item, kind, name)


def _is_collection(origin: Any) -> bool:
    from collections.abc import Collection

    return isinstance(origin, type) and issubclass(origin, Collection)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields that can be found now; names known to the type checker alone have no range."""
    found = {}
    for part in fields(kind):
        owner = next(one for one in kind.__mro__ if part.name in getattr(one, "__annotations__", {}))
        hint = owner.__annotations__[part.name]
        if isinstance(hint, str):
            try:
                hint = eval(hint, dict(vars(sys.modules[owner.__module__])), dict(vars(owner)))
            except NameError:
                continue
        found[part.name] = hint
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: float) -> str:
    return f"{value:,}".replace(",", "") if isinstance(value, int) and abs(value) < 10**6 else f"{value:g}"


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
