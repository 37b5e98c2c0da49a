"""Words to values and requests: `age=2`, `age=-3:3:7`, `NAME:4-7`, `4x2`, `r1=0.5`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from latentlab.core.errors import FIELD, BadInput
from latentlab.core.ranges import ClassNumber, LayerCount, Psi, Seed, Share

if TYPE_CHECKING:
    from latentlab.studio import Edit, Rendering, Sweep

Layers = tuple[int, int]


FLAGS = {
    "directions": "direction",
    "goals": "to",
    "sweeps": "sweep",
    "overwrite": "force",
    "settings": "set",
    "inputs": "input",
}
"""Flags that are called otherwise than the fields they fill."""


def in_flags(text: object) -> str:
    """A message about fields, `min_identity`, as one about flags, --min-identity."""

    def flag(found: re.Match[str]) -> str:
        name = found[1].rstrip("_")
        return ("--no-" if found[2] else "--") + FLAGS.get(name, name).replace("_", "-")

    return FIELD.sub(flag, str(text))


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


def parse_weights(words: Iterable[str]) -> dict[str, float]:
    """`volunteers=3` to sets and how often their pictures are shown."""
    found: dict[str, float] = {}
    for word in _split(words):
        name, equals, number = word.partition("=")
        if not name or not equals:
            raise BadInput(f"'{word}' is no weight; write the set and a number, for example volunteers=3")
        if name in found:
            raise BadInput(f"the set '{name}' is given twice; give it one weight")
        found[name] = parse_number(number, word)
    return found


def parse_wishes(words: Iterable[str]) -> dict[str, float | str | None]:
    """`age=60`, `makeup=photo.jpg` and `frontal` to names and how much, whose, or nothing in particular."""
    found: dict[str, float | str | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or (equals and not value):
            raise BadInput(f"'{word}' is no wish; write for example age=60, makeup=photo.jpg or frontal")
        if name in found:
            raise BadInput(f"the wish '{name}' is given twice; give it one value")
        try:
            found[name] = float(value) if equals else None
        except ValueError:
            found[name] = value
    return found


def parse_sweep(word: str) -> Sweep:
    """`age=-3:3:7` to the direction and its strengths."""
    from latentlab.studio import Sweep

    match = re.fullmatch(r"([^=]+)=([^:]+):([^:]+):(\d{1,4})", word.strip())
    if not match:
        raise BadInput(f"'{word}' is no sweep; write NAME=FROM:TO:COUNT, for example age=-3:3:7")
    name, low, high, count = match.groups()
    return Sweep(name, sweep_between(parse_number(low, word), parse_number(high, word), int(count)))


def sweep_between(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` strengths from low to high."""
    if not 2 <= count <= 1000:
        raise BadInput(f"a sweep has 2 to 1000 pictures, not {count}")
    return tuple(low + (high - low) * i / (count - 1) for i in range(count))


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


def parse_grid(text: str) -> tuple[int, int]:
    """`4x2` to 4 columns and 2 rows."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*[xX×]\s*(\d{1,4})\s*", text)
    if not match or not int(match[1]) or not int(match[2]):
        raise BadInput(f"'{text}' is no grid; write columns x rows, for example 4x2")
    return int(match[1]), int(match[2])


def parse_mask(text: str) -> str | Path:
    """A picture by its file, else a region by its name."""
    path = Path(text)
    return path if path.suffix or len(path.parts) > 1 else text


def _split(words: Iterable[str]) -> list[str]:
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


@dataclass(frozen=True)
class Look:
    """Flags of every command that draws samples."""

    psi: Annotated[Psi, tyro.conf.arg(metavar="PSI")] = 1.0
    """Truncation: 1 is none, 0 the average face, .7 shows fewer and better faces."""
    cutoff: Annotated[LayerCount | None, tyro.conf.arg(metavar="K")] = None
    """Truncate the first K layers only; if left out, all (StyleGAN1: the first 8, as published)."""
    noise: Literal["const", "random", "none"] = "const"
    """The noise inputs: const are those stored with the network."""
    noise_seed: Annotated[Seed | None, tyro.conf.arg(metavar="N")] = None
    """With random noise: makes it repeatable; the picture of seed S draws its noise from N + S."""
    class_: Annotated[ClassNumber | None, tyro.conf.arg(name="class", metavar="K")] = None
    """The class to draw; needed by conditional networks."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """Numbers to draw in; auto is bf16 where that is faster on this machine and looks alike (measured once)."""

    def rendering(self) -> Rendering:
        """As a value."""
        from latentlab.studio import Rendering

        chosen = None if self.precision == "fp32" else self.precision
        return Rendering(self.psi, self.cutoff, self.noise, self.noise_seed, self.class_, chosen)


@dataclass(frozen=True)
class Wish:
    """Flags that say what is to be done to a face."""

    direction: tuple[str, ...] = ()
    """Directions with strengths, `age=2`; a bare `age` is one step."""
    to: tuple[str, ...] = ()
    """Values to reach, `age=60`, read by the guide scorer."""
    sweep: tuple[str, ...] = ()
    """One direction in steps, `age=-3:3:7`; two make a grid."""
    layers: str | None = None
    """Only these layers, `0-5`."""
    keep: tuple[str, ...] = ()
    """Attributes projected out of every direction, `glasses,pose`."""
    mask: str | None = None
    """Edit only here: mouth, eyes, brows, nose, jaw, cheeks, face (joined by +), or a picture, white where to edit."""
    mix: str | None = None
    """Take layers from another inverted face, `anna:8-13`."""
    blend: str | None = None
    """Go some way towards another inverted face, `anna=.5`."""
    min_identity: Share | None = None
    """With --to: least similarity to the face before, 0 to 1."""
    max_change: tuple[str, ...] = ()
    """With --to: largest change of other attributes, `glasses=.1`."""
    transfer: Literal["auto", "learned", "flow", "ratio", "none"] = "auto"
    """How an edit of a photo keeps the photo: auto is learned where it is at hand, none is the network's own picture."""
    paste_back: bool = False
    """Put the face back into its photo."""

    def edit(self) -> Edit:
        """The words as a request."""
        from latentlab.studio import Edit

        return Edit(
            directions=parse_strengths(self.direction),
            goals=parse_goals(self.to),
            sweeps=tuple(map(parse_sweep, self.sweep)),
            layers=None if self.layers is None else parse_layers(self.layers),
            keep=tuple(_split(self.keep)),
            mask=None if self.mask is None else parse_mask(self.mask),
            mix=None if self.mix is None else parse_mix(self.mix),
            blend=None if self.blend is None else parse_blend(self.blend),
            min_identity=self.min_identity,
            max_change=parse_goals(self.max_change),
            transfer=self.transfer,
            paste_back=self.paste_back,
        )
