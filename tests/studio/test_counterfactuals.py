"""Wishes from the studio: people rendered, brought home once, changed, and a direction that knows its step."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput, UnknownName
from latentlab.studio import Studio
from latentlab.studio.discovery import people as people_task
from latentlab.studio.discovery.counterfactuals import wished_pairs
from latentlab.studio.discovery.discover import choose_discovery
from latentlab.studio.discovery.discover import discover as discover_by
from latentlab.studio.discovery.people import rendered_people
from latentlab.world.counterfactuals import WISHES
from latentlab.world.standin import save_stand_in
from tests.directions.toy import ToyScorer


def discover(studio, method, *, scorers=None, **fields):
    return discover_by(studio, choose_discovery(method, **fields), scorers)


pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path_factory):
    """A stand-in head, and descents that take two steps."""
    folder = tmp_path_factory.mktemp("model")
    monkeypatch.setenv("LATENTLAB_FACE_MODEL", str(save_stand_in(folder / "ict_facekit.npz").parent))
    monkeypatch.setattr(people_task, "STEPS", 2)
    monkeypatch.setattr(people_task, "TUNING", 2)
    monkeypatch.setattr(people_task, "BLOCK", 2)


def test_people_are_brought_home_once_and_kept(studio: Studio, monkeypatch) -> None:
    first = rendered_people(studio, 3)
    assert len(first.faces) == len(first.pictures) == 3
    assert set(first.who.tolist()) == {0, 1, 2}
    assert [who for who, pivot in zip(first.who.tolist(), first.pivots, strict=True) if pivot] == [0, 2]
    monkeypatch.setattr(people_task, "_made", None)  # nothing is made a second time
    again = rendered_people(studio, 3)
    assert torch.equal(first.latents.values, again.latents.values)
    assert (first.pictures - again.pictures).abs().max() < 0.01  # kept in eight bits
    with pytest.raises(BadInput, match="`people`"):
        rendered_people(studio, 0)


def test_a_damaged_file_is_made_again(studio: Studio, tmp_path) -> None:
    first = rendered_people(studio, 2)
    (path,) = (studio.home / "people").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    assert torch.equal(first.latents.values, rendered_people(studio, 2).latents.values)


def test_pairs_of_a_wish_know_their_steps_and_their_pictures(studio: Studio) -> None:
    pairs = wished_pairs(studio, WISHES["age"], 4)
    truth = pairs.truth
    assert len(pairs.before) == len(pairs.after) == len(truth.who)
    assert ((truth.steps.abs() >= 1.2) & (truth.steps.abs() <= 2.5)).all()  # 12.5 to 25 years of ten a step
    assert truth.before.shape == truth.after.shape
    assert (truth.before - truth.after).abs().mean() > 1e-4
    assert not torch.equal(pairs.before.values, pairs.after.values)


def test_a_wish_becomes_a_direction_with_a_unit(studio: Studio) -> None:
    (found,) = discover(
        studio, "counterfactual", scorers=[ToyScorer()], wish="smile", people=2, steps=2, batch=2
    )
    assert (found.name, found.unit, found.step) == ("smile", "blendshape weight", 0.25)
    assert found.story["attribute"] == "smile"
    assert "cheeks" in found.story["meaning"]
    with pytest.raises(UnknownName, match="did you mean 'smile'"):
        discover(studio, "counterfactual", wish="smil")
    with pytest.raises(BadInput, match="or `wish`"):
        discover(studio, "counterfactual", wish="smile", renders="smile=0.5")
