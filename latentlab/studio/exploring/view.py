"""What somebody who explores is looking at: a face and its edits, as one value that fits into a link."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from latentlab.core.errors import BadInput

SOURCE = re.compile(r"(seed|shelf|desk):[^\x00-\x1f,:/\\]{1,200}")
TRANSFERS = ("auto", "learned", "flow", "none")
MOST = 64
"""A link holds no more edits than this."""


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

    def __post_init__(self) -> None:
        if not SOURCE.fullmatch(self.face):
            raise BadInput(f"'{self.face[:60]}' names no face; write seed:7 or shelf:NAME")
        if self.face.startswith("seed:") and not re.fullmatch(r"seed:\d{1,9}", self.face):
            raise BadInput(f"'{self.face[:60]}' is no seed; write a whole number, for example seed:7")
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

    def query(self) -> dict[str, str]:
        """As the parameters of a link; what is as at first is left out."""
        found = {"face": self.face}
        if self.strengths:
            found["edit"] = ",".join(f"{name}:{value:g}" for name, value in sorted(self.strengths.items()))
        if self.seed is not None and self.psi != View.psi:
            found["psi"] = f"{self.psi:g}"
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
    )  # fmt: skip


def strengths_of(text: str) -> dict[str, float]:
    """`age:2,smile:-0.5` to names and steps."""
    found: dict[str, float] = {}
    for part in filter(None, text[:4000].split(",")):
        name, colon, number = part.rpartition(":")
        if not colon or not name.strip():
            raise BadInput(f"'{part[:60]}' is no edit; write for example age:2")
        found[name.strip()[:100]] = _number(number, part)
    return {name: value for name, value in found.items() if value}


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"'{text[:40]}' in '{whole[:60]}' is not a number")
    return value
