"""Photographs teach what their list says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

import latentlab.backbones.labelled as renders
from latentlab.backbones.known_photographs import OFTEN, known_photographs, shown_fairly, together
from latentlab.core.errors import BadFile, BadInput
from latentlab.scorers.learned import Witness
from latentlab.scorers.targets import NAMES
from latentlab.store.archive import read_story
from latentlab.studio.learning.train_scorer import TrainScorer
from latentlab.world.standin import save_stand_in

AGE, SEX, SMILE = (NAMES.index(name) for name in ("age", "presentation", "smile"))
ROWS = (
    ("webmorph_neutral_front_001_03.jpg", "female", "24"),
    ("webmorph_smiling_front_001_08.jpg", "female", ""),
    ("webmorph_smiling_front_003_08.jpg", "male", "30"),  # held out: its number is divisible by 3
    ("congress_1.jpg", "male", ""),
    ("t2i_1.jpg", "", "NA"),
)


def listed(folder: Path, rows: tuple[tuple[str, str, str], ...] = ROWS) -> Path:
    (folder / "images").mkdir(parents=True)
    for place, (name, _, _) in enumerate(rows):
        Image.new("RGB", (24, 24), (40 * place, 0, 0)).save(folder / "images" / name)
    lines = ["file,sex,age", *(",".join(row) for row in rows)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_list_becomes_targets_and_what_it_does_not_say_is_missing(tmp_path) -> None:
    data = known_photographs([listed(tmp_path / "a")], 16)
    assert data.pixels.shape == (3, 16, 16, 3)
    assert data.values[:, SEX].tolist() == pytest.approx([0.7, -0.7, -0.7])  # by name: congress comes first
    assert data.values[1, AGE] == 24
    assert data.values[2, SMILE] > data.values[1, SMILE] + 0.4
    assert data.values[0].isfinite().sum() == 1
    assert int(data.values.isfinite().sum()) == 6


def test_people_held_out_are_read_only_when_asked_for(tmp_path) -> None:
    folder = listed(tmp_path / "a")
    held_out = known_photographs([folder], 16, "held out")
    assert held_out.values[:, AGE].tolist() == [30.0]
    assert len(known_photographs([folder], 16, "all").pixels) == 4


def test_what_tells_more_is_shown_more_often(tmp_path) -> None:
    data = known_photographs([listed(tmp_path / "a")], 16)
    fair = shown_fairly(data)
    assert len(fair.pixels) == 1 + 2 * OFTEN
    assert len(together([data, fair]).values) == 4 + 2 * OFTEN
    assert torch.equal(fair.pixels[0], data.pixels[0])


def test_lists_that_cannot_teach_are_one_line(tmp_path) -> None:
    with pytest.raises(BadInput, match="the age 'old'"):
        known_photographs([listed(tmp_path / "a", (("x.jpg", "", "old"),))], 16)
    with pytest.raises(BadInput, match="no picture of"):
        known_photographs([listed(tmp_path / "b", (("x.jpg", "", ""),))], 16)
    (tmp_path / "b" / "labels.csv").unlink()
    with pytest.raises(BadFile, match=r"no labels\.csv"):
        known_photographs([tmp_path / "b"], 16)


def test_a_witness_is_taught_by_cartoons_renders_and_photographs(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(renders, "BLOCK", 10)
    model = str(save_stand_in(tmp_path / "ict_facekit.npz"))
    path = TrainScorer(
        tmp_path / "run",
        "witness",
        20,
        10,
        64,
        16,
        32,
        4,
        photographs=(listed(tmp_path / "a"),),
        face_model=model,
    ).run()
    story = read_story(path)
    assert path.name == "witness.safetensors"
    assert story["pictures"] == 20 + 1 + 2 * OFTEN
    assert story["arguments"]["trunk"] == "attention"
    assert set(story["r2"]) == set(NAMES)
    witness = Witness(path)
    assert set(witness.names) | set(witness.unread) == set(NAMES)
    cartoons, photographic = (tmp_path / "run" / "renders" / name for name in ("witness-toon", "witness"))
    assert (cartoons / "00000.npz").exists()
    assert (cartoons / "00000.npz").read_bytes() != (photographic / "00000.npz").read_bytes()
