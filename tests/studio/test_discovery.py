"""Discovery and evaluation as tasks, on a network whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.core.errors import BadFile, BadInput, MissingPart, UnknownName
from latentlab.metrics.leakage import Evaluate
from latentlab.studio.discover import discover, import_file
from latentlab.studio.evaluate import evaluate
from latentlab.studio.library import direction_files, find_direction
from latentlab.studio.population import confounders, disentanglement
from latentlab.studio.studio import Studio
from tests.directions.toy import ToyGenerator, ToyScorer

FEW = Evaluate(samples=40, psi=1.0, bootstraps=50)


@pytest.fixture
def studio(tmp_path) -> Studio:
    place = Studio("toy", home=tmp_path)
    place.__dict__["generator"] = ToyGenerator()
    return place


def test_a_direction_is_found_kept_judged_and_found_again(studio, tmp_path) -> None:
    (found,) = discover(studio, "joint", scorers=[ToyScorer()], attribute="age", samples=1000)
    assert find_direction(studio, "age").found_by == found.found_by
    judged = evaluate(
        studio, ["age"], method=FEW, scorers=[ToyScorer()], identity=False, out=tmp_path / "report.html"
    )
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
    with pytest.raises(MissingPart, match="--before"):
        discover(studio, "pairs")
    with pytest.raises(BadInput, match="--samples"):
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
