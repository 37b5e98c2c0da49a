"""Conditional networks: directions are looked for, and judged, among samples of one class."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch.nn.functional import one_hot

from latentlab.core.errors import BadInput
from latentlab.core.seeds import draw_z
from latentlab.networks.tiny import tiny_generator
from latentlab.scorers.bank import Bank, _read_key
from latentlab.studio import Studio

SCORER = ("red=class_scorers:red",)
FEW = {"samples": 120, "attribute": "red", "scorers": SCORER}


@pytest.fixture
def studio(tmp_path, monkeypatch) -> Studio:
    own = ModuleType("class_scorers")
    own.red = lambda images: images[:, 0].mean((1, 2))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "class_scorers", own)
    place = Studio("classes", home=tmp_path)
    place.__dict__["generator"] = tiny_generator("stylegan2", 16, condition_width=3)
    return place


def test_all_samples_are_of_the_class_and_each_class_has_its_bank(studio, tmp_path) -> None:
    found = {number: studio.discover("regression", class_=number, **FEW)[0] for number in (0, 2)}
    assert studio.generator.standing_class is None
    folders = {path.name.rpartition("class")[2]: path for path in (tmp_path / "banks").iterdir()}
    assert set(folders) == {"0", "2"}
    z = draw_z(range(4), studio.generator.z_width)
    for number, folder in folders.items():
        w = Bank(folder, _read_key(folder / "bank.json")).read(4).w
        labels = one_hot(torch.full((4,), int(number)), 3).float()
        torch.testing.assert_close(w, studio.generator.map(z, labels).float().cpu())
    assert not torch.allclose(found[0].vector, found[2].vector)


def test_directions_are_judged_among_a_class(studio) -> None:
    (found,) = studio.discover("regression", class_=1, **FEW)
    judged = studio.evaluate([found], samples=100, reach=1, identity=False, scorers=SCORER, class_=1)
    assert judged.evaluations[0].step[0] > 0


def test_a_class_is_asked_for_and_has_to_exist(studio) -> None:
    with pytest.raises(BadInput, match="conditional and no class was given"):
        studio.discover("regression", **FEW)
    with pytest.raises(BadInput, match="class 3 is out of range"):
        studio.discover("regression", class_=3, **FEW)
    studio.__dict__["generator"] = tiny_generator("stylegan2", 16)
    with pytest.raises(BadInput, match="has no classes"):
        studio.discover("regression", class_=1, **FEW)
