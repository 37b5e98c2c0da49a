"""What judges read on a face before and after an edit, as a page shows it: target, what came along, is it the same person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from latentlab.core.errors import LatentLabError
from latentlab.core.image import from_pixels
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import View
from latentlab.studio.shelf import companions

SAMPLES = 64
"""Faces over which the spread of an attribute is measured."""
KNOWN_UNITS = {"years": " years", "degrees": "°"}
SAME_PERSON = 0.6
"""dlib's threshold (`faces.identity`)."""


@dataclass(frozen=True)
class Spreads:
    """Standard deviations over samples of a network, by attribute."""

    by_name: dict[str, float]


@dataclass(frozen=True)
class Reading:
    """One attribute before and after."""

    name: str
    unit: str
    before: float
    after: float
    spread: float
    """Standard deviation of the attribute over samples of the network."""

    @property
    def change(self) -> float:
        """In the attribute's unit."""
        return self.after - self.before

    @property
    def label(self) -> str:
        """In words."""
        return self.name.replace("_", " ")

    @property
    def written(self) -> str:
        """The change with its sign, and its unit where that is one that people know."""
        unit = KNOWN_UNITS.get(self.unit, "")
        return f"{self.change:+.{0 if unit else 2}f}{unit}"

    @property
    def in_sd(self) -> float:
        """In standard deviations: what different attributes are compared by."""
        return self.change / self.spread if self.spread else 0.0


@dataclass(frozen=True)
class Read:
    """All that is known of an edit."""

    readings: tuple[Reading, ...]
    identity: float | None
    """dlib distance to the face before; below .6 it is the same person. None where dlib or a face is missing."""

    def sentence(self, wanted: Collection[str]) -> str:
        """`age +14 years, identity .31, the same person`."""
        parts = [f"{one.label} {one.written}" for one in self.readings if one.name in wanted]
        if self.identity is not None:
            who = "the same person" if self.identity < SAME_PERSON else "another person"
            parts.append(f"identity {self.identity:.2f}".replace("0.", ".", 1) + f" ({who})")
        return ", ".join(parts)

    def strongest(self, count: int, without: Collection[str] = ()) -> list[Reading]:
        """What changed most for its spread, the strongest first."""
        others = [one for one in self.readings if one.name not in without]
        return sorted(others, key=lambda one: -abs(one.in_sd))[:count]

    def data(self, wanted: Collection[str], bars: int = 6) -> dict[str, object]:
        """As JSON for the page: the sentence, and a bar for each that came along."""
        rows = [
            {"label": one.label, "written": one.written, "sd": round(one.in_sd, 3)}
            for one in self.strongest(bars, wanted)
        ]
        return {"sentence": self.sentence(wanted), "rows": rows}


def read_view(desk: Desk, view: View, *, identity: bool = True) -> Read:
    """Read the view against the unedited face, by the judge (never the guide, which edits are steered by)."""
    return read_image(desk, view, desk.picture(view).show(), identity=identity)


@torch.no_grad()
def read_image(desk: Desk, view: View, edited: Image, *, identity: bool = True) -> Read:
    """The same of any picture that was made of the view's face."""
    judge = companions.judge(desk.studio)
    plain = view.plain()
    first, image = _tensor(desk.before(view)), _tensor(edited)
    before = desk.noted(("scores", plain), lambda: judge(first)[0].float().tolist())
    after, spreads = judge(image)[0].float().tolist(), _spreads(desk, judge).by_name
    found = tuple(
        Reading(name, judge.units[name], one, other, spreads[name])
        for name, one, other in zip(judge.names, before, after, strict=True)
    )
    if not identity:
        return Read(found, None)
    person = desk.noted(("person", plain), lambda: _embedding(first))
    return Read(found, _distance(person, _embedding(image)))


def _tensor(picture: Image, side: int = 256) -> Images:
    return from_pixels(np.asarray(picture.convert("RGB").resize((side, side)))[None])


def _spreads(desk: Desk, judge: Scorer) -> Spreads:
    """By attribute; measured once for a network and a judge."""
    studio = desk.studio

    def measure() -> Spreads:
        images = torch.cat([studio.sample(seed).image for seed in range(SAMPLES)])
        return Spreads(dict(zip(judge.names, judge(images).float().std(0).tolist(), strict=True)))

    return studio.pool.get(("spreads", studio.generator.hash, judge.hash), measure)


def _embedding(image: Images) -> Tensor | None:
    from latentlab.faces.identity import embed

    try:
        return embed(image, strict=True)
    except LatentLabError:  # dlib or its networks are not at hand
        return None


def _distance(one: Tensor | None, other: Tensor | None) -> float | None:
    from latentlab.faces.identity import distances

    if one is None or other is None:
        return None
    distance = float(distances(one, other)[0])
    return distance if distance == distance else None
