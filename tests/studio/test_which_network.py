"""Photographs get the network for photographs, pictures that were drawn stay with theirs, and one recorded name decides."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.backbones.difference import whole
from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, WrongGenerator
from latentlab.core.latent import Space
from latentlab.directions.library import save_direction
from latentlab.store import defaults as record
from latentlab.store.bridge import read
from latentlab.studio import Batch, Invert, InvertPhotos, Studio, choose_method
from latentlab.studio.applications.sitter import Choice, find_sitter
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.view import View
from latentlab.studio.portraits.which import for_picture, for_source
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.replay import replay
from latentlab.studio.shelf.directions import find_direction, own_names
from tests.inversion.test_studio_invert import see_the_middle

QUICK = {"method": choose_method("descend", steps=2, candidates=2)}
QUICK_REQUEST = Invert(QUICK["method"])


@pytest.fixture
def home(tiny_file, tmp_path, monkeypatch) -> Path:
    """A lab with a mother and her child, who draws brighter pictures."""
    folder = tmp_path / "lab/networks"
    folder.mkdir(parents=True)
    shutil.copy(tiny_file, folder / "mother.safetensors")
    mother = read(tiny_file)["G_ema"].tensors
    name = next(key for key in mother if key.endswith("b32.torgb.bias"))
    whole(mother, {key: value + 0.5 * (key == name) for key, value in mother.items()}).save(
        folder / "child.safetensors"
    )
    monkeypatch.setattr("latentlab.faces.photo.face_in_photo", see_the_middle)
    monkeypatch.setattr("latentlab.studio.portraits.bench.identity_measures", lambda aligned, image: {})
    return tmp_path / "lab"


@pytest.fixture
def both(home) -> Studio:
    return Studio("mother", device="cpu", home=home, photographs="child")


@pytest.fixture
def photo(tmp_path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "anna.png")
    return tmp_path / "anna.png"


def direction(studio: Studio, name: str) -> Direction:
    values = torch.randn(studio.generator.w_width, generator=torch.Generator().manual_seed(1))
    return Direction(name, Space.W, values / values.norm(), model=studio.generator.hash)


def test_a_photograph_gets_its_network_and_the_story_says_why(both, photo) -> None:
    (outcome,) = both.inverted([photo], QUICK_REQUEST)
    assert outcome.face is not None
    assert outcome.face.model == both.on("child").generator.hash
    assert outcome.face.origin["network"]["name"] == "child"
    assert "'mother'" in str(outcome.face.origin["chosen"])
    assert any("'child'" in note and "'mother'" in note for note in outcome.notes)


def test_a_network_that_was_named_takes_everything(both, photo) -> None:
    (outcome,) = both.on("mother").inverted([photo], QUICK_REQUEST)
    assert outcome.face is not None
    assert outcome.face.model == both.generator.hash
    assert "chosen" not in outcome.face.origin
    assert not any("'child'" in note and "get" in note for note in outcome.notes)


def test_what_a_network_drew_stays_with_it(both, photo, tmp_path) -> None:
    for network in ("mother", "child"):
        place = both.on(network)
        path = place.generate([0])[0].save(tmp_path / f"{network}.png")
        assert for_picture(both, path).generator.hash == place.generator.hash
    assert for_picture(both, photo).network == "child"


def test_photographs_and_samples_of_one_call_part(both, photo, tmp_path) -> None:
    sample = both.generate([3])[0].save(tmp_path / "sample.png")
    faces = both.invert(photo, sample, **QUICK)
    assert [face.origin["network"]["name"] for face in faces] == ["child", "mother"]


def test_a_face_cut_out_of_a_photograph_is_one(both, photo) -> None:
    face = both.invert(photo, **QUICK)
    assert for_picture(both, face.folder / "aligned.png").network == "child"
    assert for_picture(both, face.folder / "reconstruction.png").network == "child"


def test_an_edit_uses_the_network_of_the_inversion(both, photo, tmp_path) -> None:
    for place in (both, both.on("mother")):
        save_direction(direction(place, "age"), Path(both.home) / "directions" / place.generator.hash[:12])
    for named, network in ((both, "child"), (both.on("mother"), "mother")):
        face = named.invert(photo, name=network, **QUICK)
        picture = both.edit(network, {"age": 1.0}, transfer="none")
        assert picture.recipe["network"]["hash"] == face.model
        path = picture.save(tmp_path / f"{network}-older.png")
        assert replay(both, path).largest == 0
    assert for_source(both, None).network == "mother"  # the newest


def test_applications_take_the_photo_that_was_kept(both, photo, monkeypatch) -> None:
    monkeypatch.setattr(
        "latentlab.studio.applications.sitter.landmarks_of", lambda image, name: torch.zeros(68, 2)
    )
    both.invert(photo, name="anna", **QUICK)
    seen = find_sitter(Ingredients(both), "face", "anna", Choice())
    assert seen.name == "anna"
    assert seen.face is None
    drawn = find_sitter(Ingredients(both), "face", "anna", Choice(), latent=True, method=QUICK["method"])
    assert drawn.face is not None
    assert drawn.face.model == both.generator.hash
    assert both.face("anna").model == both.on("child").generator.hash  # still there


def test_a_page_shows_photographs_and_samples_each_in_its_network(both, photo) -> None:
    save_direction(direction(both, "age"), Path(both.home) / "directions" / both.generator.hash[:12])
    desk = Desk(both)
    try:
        face = desk.studio.invert(photo, keep=False, **QUICK)
        shown, sample = View(desk.put(face)), View("seed:1")
        assert (desk.of(shown).network, desk.of(sample).network) == ("child", "mother")
        edited = desk.picture(replace(shown, strengths={"age": 1.0}, transfer="none"))
        assert edited.recipe["network"]["name"] == "child"
        assert desk.picture(replace(sample, strengths={"age": 1.0})).recipe["network"]["name"] == "mother"
    finally:
        desk.close()


def test_the_other_network_named_is_told(both, photo) -> None:
    both.invert(photo, name="anna", **QUICK)
    with pytest.raises(WrongGenerator):
        both.on("mother").face("anna")


def test_directions_of_the_parent_serve_the_child(both) -> None:
    save_direction(direction(both, "age"), Path(both.home) / "directions" / both.generator.hash[:12])
    child = both.on("child")
    assert own_names(child) == ["age"]
    with pytest.warns(UserWarning, match="taken over to 'child' as it is"):
        taken = find_direction(child, "age")
    assert taken.model == child.generator.hash
    assert torch.equal(taken.vector, find_direction(both, "age").vector)
    ported = both.port("age", "child").direction
    assert ported.name == "age"
    assert find_direction(child, "age").story["ported_from"] == both.generator.hash


def test_a_batch_takes_its_pictures_for_photographs(both, photo, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(photo, tmp_path / "photos")
    request = Batch(InvertPhotos(QUICK_REQUEST), str(tmp_path / "photos"), tmp_path / "out", workers=1)
    assert both.open_batch(request).studio.name == "child"
    elsewhere = Batch(InvertPhotos(QUICK_REQUEST), str(tmp_path / "photos"), tmp_path / "other", workers=1)
    assert both.on("mother").open_batch(elsewhere).studio.name == "mother"


@pytest.fixture
def assets(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "assets"
    for name, file in (("faces", "generator"), ("portraits", "difference")):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{file}.safetensors").touch()
    monkeypatch.setattr("latentlab.store.home.assets_folder", lambda: folder)
    return folder


def test_one_recorded_name_switches_the_rule(assets, tmp_path) -> None:
    def told() -> tuple[object, object]:
        lab = Studio(home=tmp_path)
        return lab.network, lab.photographs

    assert told() == ("faces", None)  # nothing recorded
    (assets / record.RECORD).write_text('{"samples": "faces", "photographs": "portraits"}')
    assert told() == ("faces", "portraits")
    assert Studio("faces", home=tmp_path).photographs is None
    (assets / "portraits/difference.safetensors").unlink()
    assert told() == ("faces", None)  # recorded, but not there
    (assets / record.RECORD).write_text('{"samples": "faces"}')
    assert told() == ("faces", None)


@pytest.mark.parametrize("text", ["", "[]", '{"renders": "faces"}', "1"])
def test_a_damaged_record_is_one_line(assets, text) -> None:
    (assets / record.RECORD).write_text(text)
    with pytest.raises(BadFile, match="install latentlab again"):
        Studio()


def test_what_ships_is_recorded() -> None:
    from latentlab.store.home import asset, known_networks

    told = json.loads(asset(record.RECORD).read_text())
    assert set(told) <= {"samples", "photographs"}
    assert set(told.values()) <= set(known_networks("nowhere"))
