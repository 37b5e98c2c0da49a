"""What each constructor argument of a network may be: asked of files and of people alike, before anything is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from latentlab.core.errors import BadWeights

WIDEST = 1 << 14
"""Channels, and numbers of a latent."""
LARGEST = 4096
MOST_COLOURS = 8


class Rule(Protocol):
    """Says whether a value is possible, and what would be."""

    def allows(self, value: Any) -> bool: ...
    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Whole:
    """An integer of a range."""

    low: int
    high: int

    def allows(self, value: Any) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"an integer from {self.low} to {self.high}"


@dataclass(frozen=True)
class Real:
    """A finite number of a range; the lower end is not part of it where it is open."""

    low: float
    high: float
    open: bool = False

    def allows(self, value: Any) -> bool:
        if type(value) not in (int, float) or not math.isfinite(value):
            return False
        return (self.low < value if self.open else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        return f"a number {'above' if self.open else 'from'} {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Optional:
    """The same, or none at all."""

    inner: Rule

    def allows(self, value: Any) -> bool:
        return value is None or self.inner.allows(value)

    def __str__(self) -> str:
        return f"{self.inner}, or none"


class Flag:
    """True or false."""

    def allows(self, value: Any) -> bool:
        return type(value) is bool

    def __str__(self) -> str:
        return "true or false"


class Word:
    """A name; the network itself knows which ones there are."""

    def allows(self, value: Any) -> bool:
        return type(value) is str and 0 < len(value) <= 40

    def __str__(self) -> str:
        return "a word"


class Odd(Whole):
    """The side of a kernel that has a middle."""

    def allows(self, value: Any) -> bool:
        return super().allows(value) and value % 2 == 1

    def __str__(self) -> str:
        return f"an odd number from {self.low} to {self.high}"


class Doubling(Whole):
    """A power of two."""

    def allows(self, value: Any) -> bool:
        return super().allows(value) and value & (value - 1) == 0

    def __str__(self) -> str:
        return f"a power of two from {self.low} to {self.high}"


class Pair:
    """Height and width of a constant."""

    def allows(self, value: Any) -> bool:
        return (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(Whole(1, 64).allows(side) for side in value)
        )

    def __str__(self) -> str:
        return "two integers from 1 to 64 (height, width)"


class Taps:
    """A separable filter."""

    def allows(self, value: Any) -> bool:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 64:
            return False
        return all(Real(-1e6, 1e6).allows(tap) for tap in value) and sum(value) != 0

    def __str__(self) -> str:
        return "a list of 1 to 64 numbers whose sum is not 0"


class ChannelTable:
    """Channels by resolution; JSON makes the resolutions text."""

    def allows(self, value: Any) -> bool:
        if not isinstance(value, Mapping) or not 1 <= len(value) <= 16:
            return False
        sizes = all(type(s) is int or (type(s) is str and s.isdecimal() and len(s) < 6) for s in value)
        return sizes and all(Whole(1, WIDEST).allows(count) for count in value.values())

    def __str__(self) -> str:
        return f"a table from each resolution to its channels, 1 to {WIDEST}"


_width, _hidden = Whole(1, WIDEST), Optional(Whole(0, WIDEST))
_clamp = Optional(Real(0, 1e12, open=True))
RULES: dict[str, Rule] = {
    "resolution": Doubling(4, LARGEST),
    "channels": ChannelTable(),
    "colours": Whole(1, MOST_COLOURS),
    "constant": Pair(),
    "z_width": _width,
    "w_width": _width,
    "condition_width": Whole(0, 1 << 16),
    "condition_joined": Flag(),
    "mapping_layers": Whole(0, 64),
    "mapping_width": _hidden,
    "embed_width": _hidden,
    "cmap_width": _hidden,
    "final_width": _hidden,
    "mapping_lr": Real(0, 1e6, open=True),
    "mapping_activation": Word(),
    "activation": Word(),
    "architecture": Word(),
    "clamp": _clamp,
    "conv_clamp": _clamp,
    "half_resolutions": Whole(0, 64),
    "num_fp16_res": Whole(0, 64),
    "taps": Optional(Taps()),
    "noise": Flag(),
    "kernel": Odd(1, 15),
    "fused_from": Optional(Whole(4, LARGEST)),
    "truncation_psi": Optional(Real(-10, 10)),
    "truncation_cutoff": Optional(Whole(0, 1024)),
    "lod": Real(0, 16),
    "group_size": Optional(Whole(1, LARGEST)),
    "group_channels": Whole(0, 64),
    "class_logits": Flag(),
    "channel_base": Whole(1, 1 << 24),
    "channel_max": _width,
    "num_layers": Whole(1, 128),
    "num_critical": Whole(0, 127),
    "first_cutoff": Real(0, LARGEST, open=True),
    "first_stopband": Real(0, LARGEST, open=True),
    "last_stopband_rel": Real(0, 16, open=True),
    "margin_size": Whole(0, 128),
    "output_scale": Real(-1e6, 1e6),
    "conv_kernel": Whole(1, 15),
    "filter_size": Whole(1, 64),
    "lrelu_upsampling": Whole(1, 8),
    "use_radial_filters": Flag(),
    "magnitude_ema_beta": Real(0, 1),
    "styles": Whole(1, 64),
    "start_from_average": Flag(),
    "input_size": Doubling(16, 1024),
    "depth": Whole(1, 1000),
    "se": Flag(),
    "input_channels": Whole(1, 64),
    "base_width": Whole(1, 1024),
    "heads": Whole(0, 64),
    "trunk": Word(),
    "width": Whole(1, 1024),
    "size": Whole(8, 1024),
    "outputs": Whole(1, 1 << 16),
    "halvings": Whole(1, 8),
    "levels": Whole(2, 10),
    "before": Whole(1, 64),
    "after": Whole(1, 64),
    "dropped": Whole(0, 10),
    "blocks": Whole(0, 64),
    "layers": Whole(1, 10),
    "norm": Word(),
    "slope": Real(0, 1),
    "spectral": Flag(),
    "law": Word(),
    "light": Flag(),
    "adds": Flag(),
    "code": Whole(2, 1 << 12),
    "ages": Whole(2, 128),
    "hidden": Whole(1, 1 << 14),
    "coefficients": Whole(1, 1 << 12),
}
"""By the name of the argument, which means the same in every network."""


OF_A_KIND: dict[str, dict[str, Rule]] = {"patchgan": {"channels": Whole(1, 64)}}
"""Where one means something else."""


def rule(kind: str, name: str) -> Rule | None:
    """What this argument of this kind of network may be."""
    return OF_A_KIND.get(kind, {}).get(name) or RULES.get(name)


def check_ranges(kind: str, arguments: Mapping[str, Any]) -> None:
    """Raise BadWeights naming the first argument that no network of this kind can have."""
    for name, value in arguments.items():
        wanted = rule(kind, name)
        if wanted is not None and not wanted.allows(value):
            raise BadWeights(f"a {kind} network cannot have {name} = {_shown(value)}; it must be {wanted}")


def _shown(value: Any) -> str:
    """A value out of a file, for one line: containers by their type, so that none of them is written out."""
    if isinstance(value, bool | float | None):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else "an absurd number"
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
