"""The report is one file that needs no other."""

from __future__ import annotations

import re
from dataclasses import replace

import torch

from latentlab.core.direction import Direction
from latentlab.core.latent import Space
from latentlab.metrics.card import card
from latentlab.metrics.leakage import Evaluation
from latentlab.metrics.report import Report


def evaluation(name: str) -> Evaluation:
    return Evaluation(
        name, "age", 100, (10.0, 9.0, 11.0), (0.5, 0.4, 0.6), {"glasses": (0.2, 0.1, 0.3), "smile": (0.0, -0.1, 0.1)},
        (0.1, 0.05, 0.2), None, 0.98, 0.9, (-2.0, 3.0), {-1.0: 20.0, 0.0: 30.0, 1.0: 41.0},
    )  # fmt: skip


def test_the_page_holds_its_pictures_and_escapes_names() -> None:
    rows = [evaluation("age"), evaluation("<script>")]
    page = Report(
        "Directions", "n = 100", rows, {"age": torch.zeros(2, 3, 3, 8, 8)}, ["glasses come with age"]
    ).html()
    assert page.count("data:image/png;base64,") == 3
    assert "<script>" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "10 (9 to 11)" in page
    assert "not measured" in page


def test_the_page_names_strengths_units_and_what_is_no_column() -> None:
    row = replace(
        evaluation("age"), per_step=(0.3, 0.2, 0.4), per_face=(0.5, 0.4, 0.6), floor=0.12,
        left_out={"blush": "guide and judge agree by r = 0.40"},
    )  # fmt: skip
    page = Report("Directions", "n = 100", [row], {"age": torch.zeros(2, 3, 3, 8, 8)}).html()
    for told in (
        "per step",
        "0.5 (0.4 to 0.6)",
        "0.12",
        "blush (guide and judge",
        "left to right: -1, 0, +1",
    ):
        assert told in page
    told = card(Direction("age", Space.W, torch.zeros(4)), row)
    assert "of doing nothing 0.12" in told
    assert "blush is no column" in told
