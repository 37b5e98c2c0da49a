"""Rendered data sets: the same bytes, whatever happens on the way."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import pytest

from latentlab.core.errors import BadFile, BadInput
from latentlab.world import dataset
from latentlab.world.dataset import render_dataset
from latentlab.world.factors import Face, flat_names
from latentlab.world.laws import draw_faces


def fingerprint(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def render(out: Path, model: Path, **options) -> Path:
    return render_dataset(
        out, **({"n": 7, "seed": 5, "size": 32, "block": 3, "face_model": model, "masks": True} | options)
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory, stand_in_file) -> Path:
    return render(tmp_path_factory.mktemp("data") / "set", stand_in_file)


def test_two_workers_write_the_same_bytes_as_one(whole, tmp_path, stand_in_file):
    assert fingerprint(render(tmp_path / "set", stand_in_file, workers=2)) == fingerprint(whole)


def test_the_rows_tell_everything_about_the_pictures(whole):
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(whole / "factors.parquet").to_pylist()
    assert [Face.from_json(row["face"]) for row in rows] == draw_faces(7, "natural", 5)
    assert all(
        (whole / "images" / row["file"]).exists() and (whole / "masks" / row["file"]).exists() for row in rows
    )
    assert set(flat_names()) <= set(rows[0])
    assert len(rows[0]["landmarks"]) == 136


def test_the_pictures_are_a_folder_for_the_stylegan_tools(whole):
    assert json.loads((whole / "images" / "dataset.json").read_text()) == {"labels": None}
    assert len(list((whole / "images").rglob("*.png"))) == 7


def test_a_full_disk_keeps_finished_blocks_and_resumes(whole, tmp_path, stand_in_file, monkeypatch):
    write = dataset._write_pictures

    def full_after_the_first(place, pictures, start):
        if start >= 3:
            place.mkdir(parents=True)  # half of a block
            (place.parent / ".00002.77").mkdir()
            raise OSError(errno.ENOSPC, "No space left on device")
        write(place, pictures, start)

    monkeypatch.setattr(dataset, "_write_pictures", full_after_the_first)
    with pytest.raises(BadFile, match=r"disk is full.*resume"):
        render(tmp_path / "set", stand_in_file)
    finished = fingerprint(tmp_path / "set")
    assert any(name.startswith("factors/00000") for name in finished)
    assert not any(name.startswith("factors/00001") for name in finished)

    monkeypatch.undo()
    assert fingerprint(render(tmp_path / "set", stand_in_file)) == fingerprint(whole)


def test_finished_blocks_are_not_drawn_again(whole, stand_in_file, monkeypatch):
    monkeypatch.setattr(dataset, "_draw_block", lambda job: pytest.fail("drew a block that was there"))
    render(whole, stand_in_file)


@pytest.mark.parametrize("change", [{"seed": 6}, {"size": 48}, {"law": "factorial"}, {"n": 8}])
def test_another_data_set_does_not_go_into_the_same_folder(whole, stand_in_file, change):
    with pytest.raises(BadInput, match="another folder"):
        render(whole, stand_in_file, **change)


def test_a_folder_with_other_files_is_left_alone(tmp_path, stand_in_file):
    (tmp_path / "thesis.tex").write_text("draft")
    with pytest.raises(BadInput, match="not empty"):
        render(tmp_path, stand_in_file)
