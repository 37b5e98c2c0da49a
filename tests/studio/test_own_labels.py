"""A network of cats: 200 labelled pictures, a direction learned from them, and judged by a scorer of one's own."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile, BadInput, UnknownName
from latentlab.core.seeds import draw_z
from latentlab.directions.regression import Regression
from latentlab.scorers.own import own_scorer, own_scorers
from latentlab.studio.discovery.discover import Discover, discover
from latentlab.studio.discovery.labels import labelled_bank
from latentlab.studio.reports.evaluate import Judge, evaluate
from latentlab.studio.studio import Studio
from tests.directions.toy import ToyGenerator

HEAD = "seed,fur,mood"


@pytest.fixture
def studio(tmp_path) -> Studio:
    place = Studio("cats", home=tmp_path)
    place.__dict__["generator"] = ToyGenerator()
    return place


@pytest.fixture
def table(studio, tmp_path):
    """Fur is the third coordinate of w, known for 200 pictures; the mood of every fifth is missing."""
    w = studio.generator.map(draw_z(range(200), 12))
    rows = [
        f"{seed},{w[seed, 2]:.4f},{'' if seed % 5 == 0 else round(float(w[seed, 3]), 4)}"
        for seed in range(200)
    ]
    path = tmp_path / "cats.csv"
    path.write_text("\n".join([HEAD, *rows]))
    return path


def fur(images):
    return images[:, 0, :2, 2].mean(1)


@pytest.fixture(autouse=True)
def module(monkeypatch):
    own = ModuleType("cat_scorers")
    own.fur, own.wrong = fur, lambda images: images.new_zeros(len(images), 3)
    own.lost = lambda images: torch.full((len(images),), torch.nan)
    monkeypatch.setitem(sys.modules, "cat_scorers", own)


def test_two_hundred_labels_make_a_direction_and_an_own_scorer_judges_it(studio, table) -> None:
    (found,) = discover(studio, Discover(Regression(attribute="fur"), labels=table))
    assert float(found.vector[2]) > 0.95 * float(found.vector.norm())
    judged = evaluate(studio, ["fur"], Judge(reach=1, identity=False, scorers=("fur=cat_scorers:fur",)))
    row = judged.evaluations[0]
    assert row.monotony == 1
    assert row.step[0] > 0
    assert row.total_leakage == (0, 0, 0)  # one attribute leaks into nothing


def test_rows_with_gaps_are_left_out_and_files_name_seeds(studio, table, tmp_path) -> None:
    assert labelled_bank(studio, table, ["mood"]).key.block == 160
    named = tmp_path / "files.csv"
    named.write_text(table.read_text().replace(HEAD, "file,fur,mood").replace("\n", "\nseed"))
    assert torch.equal(
        labelled_bank(studio, named, ["fur"]).read(200).w, labelled_bank(studio, table, ["fur"]).read(200).w
    )


def test_few_labels_are_regularised_and_it_is_said(studio, table, tmp_path) -> None:
    few = tmp_path / "few.csv"
    few.write_text("\n".join(table.read_text().splitlines()[:12]))
    with pytest.warns(UserWarning, match="11 samples for 12 dimensions"):
        (found,) = discover(studio, Discover(Regression(attribute="fur"), labels=few))
    assert np.isfinite(found.vector.numpy()).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fur\n1", "no column seed or file"),
        ("seed,fur\nx,1", "names no sample"),
        ("seed,fur\n" + "\n".join(f"{i},2" for i in range(12)), "all 12 labels"),
        ("seed,fur\n" + "\n".join(f"{i},{i}" for i in range(5)), "at least 10"),
        ("seed,fur\n1,2\n1,3", "twice"),
        ("seed,fur\n1,soft", "holds words"),
        ("seed,fur\n5000000000,1", "out of range"),
        ("seed,mood\n1,2", "fur"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_teach_is_one_line(text, told, studio, tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises((BadInput, UnknownName), match=told) as caught:
        labelled_bank(studio, path, ["fur"])
    assert "\n" not in str(caught.value)


def test_scorers_are_named_and_answer_for_every_picture(studio, tmp_path) -> None:
    images = torch.zeros(4, 3, 16, 16)
    assert own_scorer("fur=cat_scorers:fur")(images).shape == (4, 1)
    torch.jit.trace(lambda images: images.mean((1, 2, 3)), images).save(str(tmp_path / "mean.pt"))
    assert own_scorer(f"mean={tmp_path / 'mean.pt'}")(images).tolist() == [[0.0]] * 4
    with pytest.raises(BadInput, match="answers \\(4, 3\\)"):
        own_scorer("fur=cat_scorers:wrong")(images)
    with pytest.raises(BadInput, match="no number for 'fur'"):
        discover(
            studio, Discover(Regression(attribute="fur", samples=500), scorers=("fur=cat_scorers:lost",))
        )
    for words, told in (
        ("fur", "is no scorer"),
        ("fur=nobody:f", "cannot import"),
        ("a=cat_scorers:none", "cannot import"),
    ):
        with pytest.raises(BadInput, match=told):
            own_scorer(words)
    with pytest.raises(BadFile, match="there is no file"):
        own_scorer("a=none.onnx")
    with pytest.raises(BadInput, match="two scorers"):
        own_scorers(["fur=cat_scorers:fur", "fur=cat_scorers:lost"])
