"""Ranges in types: one check for whoever makes the dataclass, one line that names the field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib import import_module
from typing import Annotated

import pytest

from latentlab.core.errors import BadInput
from latentlab.core.ranges import Between, MoreThan, PowerOfTwo, Seconds, Seed, Share, check, ranges_of
from latentlab.core.ranges import _hints as hints_of


@dataclass(frozen=True)
class Wish:
    share: Share = 0.5
    seed: Seed = 0
    side: Annotated[int, PowerOfTwo(4, 64, zero=True)] = 8
    seconds: Seconds = math.inf
    limit: Share | None = None
    pair: tuple[Annotated[int, Between(0, 9)], Annotated[int, Between(0, 9)]] | None = None
    strengths: tuple[Annotated[float, Between(-1, 1)], ...] = ()
    costs: Mapping[str, Annotated[float, MoreThan(0)]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check(self)


FINE = [
    {"share": 0}, {"share": 1.0}, {"seed": 2**32 - 1}, {"side": 0}, {"side": 64}, {"seconds": 1}, {"limit": 0.1},
    {"pair": (0, 9)}, {"strengths": (0.5, -1)}, {"costs": {"age": 3.0}},
]  # fmt: skip
ODD = [
    {"share": 1.1}, {"share": math.nan}, {"share": True}, {"share": "1"}, {"seed": -1}, {"seed": 2**32}, {"seed": 1.0},
    {"side": 3}, {"side": 128}, {"seconds": 0}, {"seconds": math.nan}, {"limit": 2.0}, {"pair": (0, 10)},
    {"strengths": (0.0, 2.0)}, {"costs": {"age": -1.0}}, {"share": None},
]  # fmt: skip


@pytest.mark.parametrize("values", FINE, ids=str)
def test_what_is_in_range_passes(values) -> None:
    Wish(**values)


@pytest.mark.parametrize("values", ODD, ids=str)
def test_what_is_not_is_one_line_that_names_the_field(values) -> None:
    with pytest.raises(BadInput) as caught:
        Wish(**values)
    assert f"`{next(iter(values))}" in str(caught.value)
    assert "write" in str(caught.value)
    assert "\n" not in str(caught.value)


SETTINGS = (
    "latentlab.training.schedule:TrainingSchedule",
    "latentlab.backbones.stylegan1:StyleGAN1",
    "latentlab.backbones.stylegan2:StyleGAN2",
    "latentlab.backbones.stylegan3:StyleGAN3",
    "latentlab.backbones.encoder:EncoderSettings",
    "latentlab.backbones.train:Train",
    "latentlab.backbones.finetune:Finetune",
    "latentlab.backbones.train_encoder:TrainEncoder",
    "latentlab.editing.reach:Limits",
    "latentlab.editing.reach:Reach",
    "latentlab.editing.calibrate:Calibrate",
    "latentlab.metrics.leakage:Evaluate",
    "latentlab.world.dataset:RenderedSet",
)


def methods() -> list[type]:
    """Every method of the families, and every dataclass of settings that people give."""
    from latentlab.directions import DISCOVERERS
    from latentlab.inversion import INVERTERS

    families = [family[name] for family in (INVERTERS, DISCOVERERS) for name in family]
    named = [getattr(import_module(m), c) for m, _, c in (entry.partition(":") for entry in SETTINGS)]
    return [*families, *named]


@pytest.mark.parametrize("kind", methods(), ids=lambda kind: kind.__name__)
def test_every_number_that_people_give_has_a_range(kind) -> None:
    found = hints_of(kind)
    for part in fields(kind):
        text = str(part.type)
        if text in ("int", "float") or text.startswith(("int |", "float |")):
            raise AssertionError(f"{kind.__name__}.{part.name} is any {text}; say its range in its type")
        assert part.name in found


@pytest.mark.parametrize("kind", methods(), ids=lambda kind: kind.__name__)
def test_nothing_beyond_a_range_is_accepted(kind) -> None:
    given = {
        part.name: 8 if ranges_of(hints_of(kind)[part.name]) else "x"
        for part in fields(kind)
        if part.init and part.default is MISSING and part.default_factory is MISSING
    }
    for name, hint in hints_of(kind).items():
        for mark in ranges_of(hint) if "tuple" not in str(hint) and "Mapping" not in str(hint) else ():
            for odd in (math.nan, 10**30, -(10**30)):
                if not mark.holds(odd):
                    with pytest.raises(BadInput, match="write"):
                        kind(**{**given, name: odd})
