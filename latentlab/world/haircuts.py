"""The haircuts: lengths, flow and curl of each style, in centimetres."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import torch
from torch import Tensor

from latentlab.world.factors import HAIR_STYLES


@dataclass(frozen=True)
class Haircut:
    """What distinguishes one style; every entry is a number, so that a batch can mix styles."""

    front: float = 0.0
    """Length at the front hairline."""
    top: float = 0.0
    """Length on top."""
    side: float = 0.0
    """Length at the sides."""
    back: float = 0.0
    """Length at the back."""
    lift: float = 0.3
    """How steeply hair leaves the scalp, 0 flat .. 1 upright."""
    crown: float = 0.0
    """Flow away from the whorl."""
    part: float = 0.0
    """Flow sideways from the parting."""
    backward: float = 0.0
    """Flow to the back."""
    forward: float = 0.0
    """Flow of the front hair over the forehead."""
    gravity: float = 0.2
    """Pull downwards for each centimetre."""
    volume: float = 0.5
    """Thickness of the layer over the scalp."""
    curl: float = 0.0
    """Radius of curls."""
    turns: float = 0.0
    """Turns of a curl along the strand."""
    clump: float = 0.5
    """How far strands of a lock come together at their ends."""
    mess: float = 0.15
    """Random deviation."""
    stick: float = 0.4
    """How closely hair follows the curve of the skull."""
    width: float = 1.0
    """Of the drawn ribbons."""
    bun: float = 0.0
    """1: gathered in a bun on top."""
    cover: float = 0.9
    """How much of the scalp's skin is coloured by roots."""


HAIRCUTS: dict[str, Haircut] = {
    "bald": Haircut(cover=0.0),
    "buzz": Haircut(front=0.5, top=0.6, side=0.4, back=0.45, lift=0.7, crown=1.0, volume=0.05, clump=0.0, stick=1.0, cover=0.72, width=0.6),
    "crop": Haircut(front=2.6, top=2.8, side=0.9, back=1.2, lift=0.55, crown=0.8, forward=0.5, volume=0.35, clump=0.55, mess=0.25, stick=0.5),
    "short": Haircut(front=4.6, top=5.0, side=2.4, back=3.0, lift=0.6, crown=1.0, part=0.35, gravity=0.14, volume=0.8, clump=0.6, mess=0.22, stick=0.35),
    "side_part": Haircut(front=6.5, top=6.5, side=2.6, back=3.2, lift=0.4, part=1.0, backward=0.35, gravity=0.12, volume=1.15, clump=0.6, mess=0.08, stick=0.6),
    "slick": Haircut(front=8.0, top=8.0, side=4.0, back=4.0, lift=0.28, backward=1.0, gravity=0.05, volume=0.5, clump=0.6, mess=0.05, stick=0.9),
    "curly": Haircut(front=5.5, top=6.5, side=4.5, back=5.0, lift=0.7, crown=0.8, gravity=0.12, volume=1.5, curl=0.55, turns=3.2, clump=0.75, mess=0.30, stick=0.0),
    "afro": Haircut(front=5.0, top=6.0, side=5.0, back=5.0, lift=1.0, crown=0.25, gravity=0.0, volume=0.8, curl=0.35, turns=5.0, clump=0.35, mess=0.30, stick=0.0),
    "bob": Haircut(front=15.0, top=16.5, side=13.5, back=13.0, lift=0.35, part=1.0, gravity=0.30, volume=1.1, clump=0.45, mess=0.06),
    "fringe": Haircut(front=4.3, top=20.0, side=20.0, back=20.0, lift=0.35, part=0.6, forward=1.6, gravity=0.30, volume=0.8, clump=0.25, mess=0.05),
    "long": Haircut(front=28.0, top=28.0, side=26.0, back=26.0, lift=0.30, part=1.0, gravity=0.30, volume=0.9, clump=0.55, mess=0.06),
    "wavy": Haircut(front=26.0, top=26.0, side=24.0, back=24.0, lift=0.40, part=1.0, gravity=0.26, volume=1.3, curl=0.6, turns=2.6, clump=0.75, mess=0.10),
    "bun": Haircut(front=13.0, top=11.0, side=13.0, back=14.0, lift=0.12, backward=1.0, gravity=0.0, volume=0.35, clump=0.4, mess=0.03, bun=1.0, stick=1.0),
}  # fmt: skip


def cut_of(style: Tensor) -> dict[str, Tensor]:
    """The numbers of each face's haircut; style int64 [n] -> [n] each."""
    rows = _numbers(style.device)[:, style]
    return {field.name: row for field, row in zip(fields(Haircut), rows.unbind(0), strict=True)}


@lru_cache(maxsize=4)
def _numbers(device: torch.device) -> Tensor:
    """All numbers of all haircuts, [fields, styles]."""
    columns = [[getattr(HAIRCUTS[name], field.name) for name in HAIR_STYLES] for field in fields(Haircut)]
    return torch.tensor(columns, device=device)
