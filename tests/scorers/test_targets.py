"""What scorers are taught follows from the factors."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.scorers.targets import NAMES, UNITS, lab, targets_of
from latentlab.world.factors import Face


def value(face: Face, name: str) -> float:
    return float(targets_of([face])[0, NAMES.index(name)])


def test_every_target_has_a_unit_and_a_number() -> None:
    row = targets_of([Face()])
    assert row.shape == (1, len(NAMES)) == (1, len(UNITS))
    assert torch.isfinite(row).all()
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    ("name", "change"),
    [("age", {"age": 60.0}), ("yaw", {"yaw": 20.0}), ("smile", {"smile": 0.8}), ("mouth_open", {"mouth_open": 0.8}),
     ("lip_redness", {"lipstick": 1.0}), ("eye_shadow", {"eye_shadow": 1.0}), ("blush", {"blush": 1.0}),
     ("glasses", {"glasses": "round"}), ("beard", {"beard_style": "full"}), ("blink", {"blink": 0.5}),
     ("hair_lightness", {"hair_colour": (0.8, 0.7, 0.5)}), ("long_hair", {"hair_style": "long"})],
)  # fmt: skip
def test_a_factor_moves_its_target(name: str, change: dict) -> None:
    base = replace(Face(), hair_style="short", skin_tone=0.2)
    assert value(replace(base, **change), name) > value(base, name)


def test_without_makeup_there_is_no_colour_difference() -> None:
    assert value(Face(), "eye_shadow") == pytest.approx(0, abs=1e-4)
    assert value(Face(), "blush") == pytest.approx(0, abs=1e-4)


def test_lab_of_known_colours() -> None:
    found = lab(torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    truth = torch.tensor([[100.0, 0.0, 0.0], [0.0, 0.0, 0.0], [53.24, 80.09, 67.20]])
    assert torch.allclose(found, truth, atol=0.05)
