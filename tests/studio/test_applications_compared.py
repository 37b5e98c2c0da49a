"""The applications in the benchmark: on the faces that ship, nearer to the truth than doing nothing where they claim to be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from latentlab.studio import Studio
from latentlab.studio.rivals.applications import Applications
from latentlab.studio.rivals.cases import Cases, shipped_cases


@pytest.fixture
def who(tmp_path: Path) -> Applications:
    return Applications(Studio("faces", device="cpu", home=tmp_path / "lab"))


def first(task: str, count: int = 4) -> Cases:
    return shipped_cases(task).some(count)


@pytest.mark.parametrize("task", ["makeup", "bare", "frontal"])
def test_an_application_comes_nearer_to_the_truth_than_doing_nothing(who: Applications, task: str):
    cases = first(task)
    made = who.edit(cases)
    assert made.shape == cases.before.shape
    assert cases.truth is not None
    middle = (..., slice(32, 104), slice(32, 96))
    near, far = ((x - cases.truth)[middle].square().mean() for x in (made, cases.before))
    assert float(near) < float(far)


def test_a_toon_has_flatter_faces(who: Applications):
    cases = first("toon", 2)
    made = who.edit(cases)
    assert made.shape[0] == 2 and float((made - cases.before).abs().mean()) > 0.05


def test_a_face_that_nobody_sees_stays_as_it_was(who: Applications):
    blank = torch.zeros(2, 3, 128, 128)
    cases = Cases("bare", blank, blank, (1.0, 1.0))
    assert torch.equal(who.edit(cases), blank)


def test_it_says_what_it_can_do(tmp_path: Path, tiny_file: Path):
    tiny = Applications(Studio(tiny_file, device="cpu", home=tmp_path / "lab"))
    assert tiny.can("makeup") and not tiny.can("identity") and not tiny.can("toon") and not tiny.can("older")
