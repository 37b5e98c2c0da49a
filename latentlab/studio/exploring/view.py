"""What somebody who explores is looking at: a face and its edits, as one value that fits into a link."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from latentlab.core.errors import BadInput

SOURCE = re.compile(r"(seed|shelf|desk):[^\x00-\x1f,:/\\]{1,200}")
TRANSFERS = ("auto", "learned", "flow", "ratio", "none")
MOST = 64
"""A link holds no more edits than this."""
BESIDE = 8
"""Faces that are shown under the same edit, at most."""
NOISE = re.compile(r"const|none|\d{1,9}")


@dataclass(frozen=True)
class Styles:
    """Layers taken from another face: Karras et al.'s style mixing."""

    face: str
    first: int
    last: int

    def __post_init__(self) -> None:
        _check_face(self.face)
        if not 0 <= self.first <= self.last < 100:
            raise BadInput(f"the layers {self.first} to {self.last} are no range; write for example 0-3")

    def __str__(self) -> str:
        return f"{self.face}/{self.first}-{self.last}"


@dataclass(frozen=True)
class View:
    """A face and what is done to it."""

    face: str = "seed:0"
    """`seed:7`, `shelf:anna` (kept in the lab) or `desk:…` (of this session alone)."""
    psi: float = 0.7
    """Truncation of a sampled face."""
    strengths: Mapping[str, float] = field(default_factory=dict)
    """Steps by direction."""
    transfer: str = "auto"
    """How an edit of a photo takes its pixels from the photo."""
    noise: str = "const"
    """Of a sampled face: the network's own maps, none, or the seed of fresh ones."""
    styles: Styles | None = None
    """Layers of another face."""
    beside: tuple[str, ...] = ()
    """Faces that are shown under the same edit."""

    def __post_init__(self) -> None:
        for face in (self.face, *self.beside):
            _check_face(face)
        if not NOISE.fullmatch(self.noise):
            raise BadInput(f"'{self.noise[:40]}' is no noise; write const, none, or a seed")
        if len(self.beside) > BESIDE:
            raise BadInput(f"{len(self.beside)} faces beside are too many; at most {BESIDE} are shown")
        if not 0 <= self.psi <= 2:
            raise BadInput(f"truncation is {self.psi}; it lies between 0 and 2")
        if self.transfer not in TRANSFERS:
            raise BadInput(f"no transfer is called '{self.transfer[:40]}' (known: {', '.join(TRANSFERS)})")
        if len(self.strengths) > MOST or not all(
            math.isfinite(one) and abs(one) <= 100 for one in self.strengths.values()
        ):
            raise BadInput("the strengths are no edit; each is a number of steps between -100 and 100")

    @property
    def seed(self) -> int | None:
        """Of a sampled face."""
        return int(self.face.removeprefix("seed:")) if self.face.startswith("seed:") else None

    @property
    def name(self) -> str:
        """The face's name without its kind."""
        return self.face.partition(":")[2]

    def moved(self, strengths: Mapping[str, float]) -> View:
        """The same face under other edits; what is zero is left out."""
        return replace(self, strengths={name: value for name, value in strengths.items() if value})

    @property
    def edited(self) -> bool:
        """Whether anything is done to the face."""
        return bool(self.strengths) or self.styles is not None

    def plain(self) -> View:
        """The same face with nothing done to it."""
        return replace(self, strengths={}, styles=None, beside=())

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.query().items())))

    def query(self) -> dict[str, str]:
        """As the parameters of a link; what is as at first is left out."""
        found = {"face": self.face}
        if self.strengths:
            found["edit"] = ",".join(f"{name}:{value:g}" for name, value in sorted(self.strengths.items()))
        if self.seed is not None and self.psi != View.psi:
            found["psi"] = f"{self.psi:g}"
        if self.seed is not None and self.noise != View.noise:
            found["noise"] = self.noise
        if self.styles is not None:
            found["styles"] = str(self.styles)
        if self.beside:
            found["beside"] = ",".join(self.beside)
        if self.transfer != View.transfer:
            found["transfer"] = self.transfer
        return found


def view_of(query: Mapping[str, str]) -> View:
    """The view of a link that anybody may have written.

    Raises:
        BadInput: a parameter that says nothing; unknown ones are passed over.
    """
    return View(
        face=query.get("face", View.face), psi=_number(query.get("psi", f"{View.psi}"), "psi"),
        strengths=strengths_of(query.get("edit", "")), transfer=query.get("transfer", View.transfer),
        noise=query.get("noise", View.noise), styles=styles_of(query.get("styles", "")),
        beside=tuple(filter(None, query.get("beside", "")[:4000].split(","))),
    )  # fmt: skip


def styles_of(text: str) -> Styles | None:
    """`seed:5/0-3` to the face and its layers; nothing to None."""
    if not text:
        return None
    face, _, layers = text.partition("/")
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", layers)
    if found is None:
        raise BadInput(f"'{text[:60]}' names no styles; write for example seed:5/0-3")
    return Styles(face, int(found[1]), int(found[2]))


def strengths_of(text: str) -> dict[str, float]:
    """`age:2,smile:-0.5` to names and steps."""
    found: dict[str, float] = {}
    for part in filter(None, text[:4000].split(",")):
        name, colon, number = part.rpartition(":")
        if not colon or not name.strip():
            raise BadInput(f"'{part[:60]}' is no edit; write for example age:2")
        found[name.strip()[:100]] = _number(number, part)
    return {name: value for name, value in found.items() if value}


def _check_face(face: str) -> None:
    if not SOURCE.fullmatch(face):
        raise BadInput(f"'{face[:60]}' names no face; write seed:7 or shelf:NAME")
    if face.startswith("seed:") and not re.fullmatch(r"seed:\d{1,9}", face):
        raise BadInput(f"'{face[:60]}' is no seed; write a whole number, for example seed:7")


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"'{text[:40]}' in '{whole[:60]}' is not a number")
    return value
