"""Discovery and evaluation as tasks, on a network whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, MissingPart, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.core.watch import silent
from latentlab.directions.library import save_direction
from latentlab.metrics.leakage import Evaluate
from latentlab.studio.discovery import pairs as pairs_task
from latentlab.studio.discovery.discover import choose_discovery, default_guides
from latentlab.studio.discovery.discover import discover as discover_by
from latentlab.studio.discovery.imports import import_file
from latentlab.studio.discovery.pairs import Counterfactual, opened, rendered_pairs
from latentlab.studio.discovery.port import Ported, compared
from latentlab.studio.reports.evaluate import Judge
from latentlab.studio.reports.evaluate import evaluate as judge_directions
from latentlab.studio.reports.population import confounders, disentanglement
from latentlab.studio.shelf.directions import direction_files, find_direction
from latentlab.studio.studio import Studio
from tests.directions.toy import ToyGenerator, ToyScorer

FEW = Evaluate(samples=40, psi=1.0, bootstraps=50, least=40)


def discover(studio, method, *, scorers=None, **fields):
    return discover_by(studio, choose_discovery(method, **fields), scorers)


def evaluate(studio, names, *, method, scorers=None, out=None, **fields):
    judged = judge_directions(studio, names, Judge(**fields), method=method, scorers=scorers)
    if out is not None:
        judged.save(out)
    return judged


@pytest.fixture
def studio(tmp_path) -> Studio:
    place = Studio("toy", home=tmp_path)
    place.__dict__["generator"] = ToyGenerator()
    return place


def test_a_direction_is_found_kept_judged_and_found_again(studio, tmp_path) -> None:
    (found,) = discover(studio, "joint", scorers=[ToyScorer()], attribute="age", samples=1000)
    assert find_direction(studio, "age").found_by == found.found_by
    file = direction_files(studio)["age"][0].read_bytes()
    given = {"method": FEW, "scorers": [ToyScorer()], "identity": False}
    judged = evaluate(studio, ["age"], out=tmp_path / "report.html", **given)
    assert direction_files(studio)["age"][0].read_bytes() == file  # judging changes nothing
    evaluate(studio, ["age"], keep=True, **given)
    assert judged.evaluations[0].total_leakage[0] < 0.1
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert set(find_direction(studio, "age").leakage) == {"glasses", "smile"}
    assert judged.as_json()[0]["direction"] == "age"


def test_the_bank_is_filled_once(studio) -> None:
    calls = []

    class Counting(ToyScorer):
        def __call__(self, images):
            calls.append(len(images))
            return super().__call__(images)

    discover(studio, "joint", scorers=[Counting()], attribute="age", samples=500, rounds=0)
    first = sum(calls)
    discover(studio, "regression", scorers=[Counting()], attribute="smile", samples=500)
    assert first == sum(calls) == 500


def test_components_come_back_named(studio) -> None:
    found = discover(studio, "ganspace", scorers=[ToyScorer()], components=4, samples=2000, batch=500)
    assert all("label" in direction.story for direction in found)


def test_an_unknown_attribute_fills_no_bank(studio) -> None:
    with pytest.raises(UnknownName, match="did you mean 'age'"):
        discover(studio, "joint", scorers=[ToyScorer()], attribute="agee")
    assert not (studio.home / "banks").exists()


def test_bad_questions_are_one_line(studio, tmp_path) -> None:
    with pytest.raises(UnknownName, match="no direction is called"):
        evaluate(studio, ["nobody"], method=FEW, scorers=[ToyScorer()])
    with pytest.raises(MissingPart, match="`before`"):
        discover(studio, "pairs")
    with pytest.raises(BadInput, match="`samples`"):
        discover(studio, "joint", scorers=[ToyScorer()], attribute="age", samples=0)
    np.save(tmp_path / "wide.npy", np.ones((1, 512)))
    with pytest.raises(BadFile, match="512"):
        import_file(studio, tmp_path / "wide.npy")
    assert direction_files(studio) == {}


def test_a_space_that_holds_the_attributes_is_informative(studio) -> None:
    result = disentanglement(studio, 300, [ToyScorer()])
    assert set(result) == {"z", "w", "w+", "s"}
    assert result["w"]["informativeness"] > 0.8


def test_confounders_are_named(studio) -> None:
    assert confounders(studio, [ToyScorer()]) == []  # there is no bank to read it from, and none is filled
    first = confounders(studio, [ToyScorer()], 500)[0]
    assert {first.one, first.other} == {"age", "glasses"}
    assert first.correlation > 0.4
    assert str(first).startswith("age and glasses come together: r = +0.")
    assert confounders(studio, [ToyScorer()]) == [first]


def test_the_report_tells_confounders_and_spaces(studio, tmp_path, monkeypatch) -> None:
    studio.assume_faces = True  # confounders ask the guide of this machine
    monkeypatch.setattr("latentlab.studio.discovery.discover.default_guides", lambda studio: [ToyScorer()])
    monkeypatch.setattr(
        "latentlab.studio.reports.evaluate.default_judges", lambda studio, role: [ToyScorer()]
    )
    monkeypatch.setattr("latentlab.studio.shelf.companions.judge", lambda studio: ToyScorer())
    discover(studio, "regression", attribute="age", samples=1000)
    judged = evaluate(studio, ["age"], method=FEW, identity=False, dci=200, out=tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "age and glasses come together" in page
    assert "<td>W+</td>" in page
    assert judged.as_json()[0]["confounders"][0]["other"] in {"age", "glasses"}
    assert judged.dci["w"]["n"] == 200


def test_a_direction_whose_target_no_judge_sees_is_judged_by_what_it_changes(studio) -> None:
    vector = torch.zeros(12)
    vector[2] = 1.0
    nameless = Direction("mine", Space.W, vector, model=studio.generator.hash, story={"attribute": "mine"})
    with pytest.warns(UserWarning, match="changes most: smile"):
        judged = evaluate(studio, [nameless], method=FEW, scorers=[ToyScorer()], identity=False)
    assert judged.evaluations[0].target == "smile"


def test_a_port_tells_what_the_child_keeps_of_a_step(studio, tmp_path) -> None:
    class Half(ToyGenerator):
        def styles(self, w_plus):
            return w_plus.flatten(1) * 0.5

    child = Studio("half", home=tmp_path)
    child.__dict__["generator"] = Half()
    (found,) = discover(studio, "joint", scorers=[ToyScorer()], attribute="age", samples=500, rounds=0)
    moved = replace(found, model=child.generator.hash)
    ported = compared((studio, found), (child, moved), FEW, [ToyScorer()], silent)
    assert ported.kept == pytest.approx(0.5, abs=0.05)
    assert ported.direction.story["kept_of_step"] == pytest.approx(0.5, abs=0.05)
    assert set(ported.as_json()) == {"kept", "parent", "child"}
    assert Ported(moved).as_json() == {"kept": None}


def test_rendered_pairs_differ_in_one_factor_alone() -> None:
    from latentlab.world.laws import draw_faces

    face = draw_faces(1, "natural", 3)[0]
    before, after = Counterfactual.parse("age=20").pair(face)
    assert after.age - before.age == pytest.approx(20)
    assert replace(before, age=face.age) == replace(after, age=face.age) == face
    bare, worn = Counterfactual.parse("glasses=1").pair(face)
    assert bare.glasses == "none" != worn.glasses
    assert Counterfactual.parse("smile").change == pytest.approx(0.5)
    for words, told in (
        ("nose=1", "factor of a face"),
        ("age=old", "age=20"),
        ("age=500", "cannot be rendered"),
    ):
        with pytest.raises((BadInput, UnknownName), match=told):
            Counterfactual.parse(words)


def test_pairs_from_renders_know_their_step(studio, monkeypatch) -> None:
    sides = iter((torch.zeros(4, 2, 12), torch.ones(4, 2, 12)))
    monkeypatch.setattr(
        pairs_task, "_brought_home", lambda studio, batches, tell: Latent(Space.W_PLUS, next(sides))
    )
    (found,) = discover(studio, "pairs", renders="age=20", pairs=4, name="older")
    assert (found.name, found.step, found.unit) == ("older", 20.0, "years")
    assert torch.equal(found.vector, torch.ones(12))
    with pytest.raises(BadInput, match="`pairs`"):
        rendered_pairs(studio, Counterfactual.parse("age=20"), 0)
    with pytest.raises(BadInput, match="`renders` makes its own"):
        discover(studio, "pairs", renders="age=20", before=["a.png"])


def test_a_folder_stands_for_the_pictures_in_it(tmp_path) -> None:
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert opened([tmp_path, "portrait"]) == [tmp_path / "a.jpg", tmp_path / "b.png", "portrait"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="no pictures"):
        opened([tmp_path / "empty"])


def test_another_first_seed_is_another_bank(studio) -> None:
    given = {"scorers": [ToyScorer()], "attribute": "age", "samples": 1000}
    (one,) = discover(studio, "regression", **given)
    (other,) = discover(studio, "regression", first_seed=50_000, **given)
    assert not torch.equal(one.vector, other.vector)
    assert len(list((studio.home / "banks").iterdir())) == 2
    with pytest.raises(BadInput, match="a bank begins at"):
        discover(studio, "regression", first_seed=2_000_000_000, **given)


def test_no_scorer_of_faces_is_applied_to_what_shows_none(studio) -> None:
    with pytest.raises(MissingPart, match="not known to draw faces"):
        discover(studio, "regression", attribute="age", samples=1000)
    with pytest.warns(UserWarning, match="stay without names"):
        found = discover(studio, "sefa", components=2)
    assert all("label" not in direction.story for direction in found)
    studio.assume_faces = True
    assert [scorer.role for scorer in default_guides(studio)] == ["guide"]


def test_a_direction_belongs_to_a_network_and_a_name(tmp_path) -> None:
    vectors = []
    for number in (1.0, 2.0):
        place = Studio("toy", home=tmp_path)
        place.__dict__["generator"] = ToyGenerator()
        place.generator.mix.mul_(number)
        np.save(tmp_path / "smile.npy", np.full((1, 12), number))
        (found,) = import_file(place, tmp_path / "smile.npy")
        assert "unknown" in str(found.story["origin"])
        vectors.append(find_direction(place, "smile").vector)
    assert not torch.equal(*vectors)  # the second network's smile lies beside the first's
    assert len(direction_files(place, anywhere=True)["smile"]) == 2
    assert len(direction_files(place)["smile"]) == 1


def test_an_import_says_where_it_lives_and_shadows_nothing_that_ships(studio, tmp_path) -> None:
    np.save(tmp_path / "age.npy", np.ones((1, 12)))
    (found,) = import_file(studio, tmp_path / "age.npy", space="z")
    assert find_direction(studio, "age").space is Space.Z is found.space
    save_direction(found, tmp_path / "directions")
    studio.network = tmp_path / "toy.safetensors"
    studio.network.touch()
    with pytest.raises(BadInput, match="ships with"):
        import_file(studio, tmp_path / "age.npy")
    np.save(tmp_path / "deep.npy", np.ones((1, 2, 12)))
    with pytest.raises(BadInput, match="w\\+, not in z"):
        import_file(studio, tmp_path / "deep.npy", space="z")
