"""What judges read on a face before and after an edit, as a page shows it: target, what came along, is it the same person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL.Image import Image

from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.image import from_pixels
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import View
from latentlab.studio.shelf import companions

SAMPLES = 64
"""Faces over which the spread of an attribute is measured."""


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
    def in_sd(self) -> float:
        """In standard deviations: what different attributes are compared by."""
        return self.change / self.spread if self.spread else 0.0


@dataclass(frozen=True)
class Read:
    """All that is known of an edit."""

    readings: tuple[Reading, ...]
    identity: float | None
    """dlib distance to the face before; below .6 it is the same person. None where dlib or a face is missing."""

    def sentence(self, wanted: Mapping[str, float]) -> str:
        """`age +14 years, smile +0.1; identity .31, the same person`."""
        parts = [
            f"{one.name.replace('_', ' ')} {one.change:+.3g} {one.unit}".strip()
            for one in self.readings
            if one.name in wanted
        ]
        if self.identity is not None:
            parts.append(
                f"identity {self.identity:.2f}, {'the same person' if self.identity < 0.6 else 'another person'}"
            )
        return "; ".join(parts)


@torch.no_grad()
def read_view(desk: Desk, view: View, *, identity: bool = True) -> Read:
    """Read the view against the unedited face, by the judge (never the guide, which edits are steered by)."""
    judge = companions.judge(desk.studio)
    images = torch.cat([_tensor(desk.before(view)), _tensor(desk.picture(view).show())])
    before, after = (judge(image[None])[0].float().tolist() for image in images)
    spreads = _spreads(desk, judge).by_name
    found = tuple(
        Reading(name, judge.units[name], one, other, spreads[name])
        for name, one, other in zip(judge.names, before, after, strict=True)
    )
    return Read(found, _identity(images) if identity else None)


def _tensor(picture: Image, side: int = 256) -> Images:
    return from_pixels(np.asarray(picture.convert("RGB").resize((side, side)))[None])


def _spreads(desk: Desk, judge: Scorer) -> Spreads:
    """By attribute; measured once for a network and a judge."""
    studio = desk.studio

    def measure() -> Spreads:
        images = torch.cat([studio.sample(seed).image for seed in range(SAMPLES)])
        return Spreads(dict(zip(judge.names, judge(images).float().std(0).tolist(), strict=True)))

    return studio.pool.get(("spreads", studio.generator.hash, judge.hash), measure)


def _identity(images: Images) -> float | None:
    from latentlab.faces.identity import distances, embed

    try:
        one, other = embed(images, strict=True)
    except (MissingPart, LatentLabError):
        return None
    distance = float(distances(one[None], other[None])[0])
    return distance if distance == distance else None
