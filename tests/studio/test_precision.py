"""Precision: bf16 draws nearly the same picture, its recipe says so, and auto goes by what was measured."""

from __future__ import annotations

import json

import pytest
import torch

import latentlab
from latentlab.core.errors import BadInput
from latentlab.studio.batch.tasks.edit import EditPhotos
from latentlab.studio.batch.tasks.render import RenderSamples
from latentlab.studio.pictures import precision
from latentlab.studio.pictures.precision import Measured, measured, settled
from latentlab.studio.pictures.rendering import Rendering
from latentlab.studio.portraits.edit import Edit


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    return latentlab.open("faces", home=tmp_path_factory.mktemp("lab"))


def apart(one, other):
    return float((one.image - other.image).abs().max()) * 127.5


def test_bf16_draws_nearly_the_same_picture_and_replays_to_the_same_pixels(studio, tmp_path):
    (exact,), (half,) = studio.generate([3]), studio.generate([3], precision="bf16")
    assert 0 < apart(exact, half) < 16
    assert half.image.dtype is torch.float32
    assert half.recipe["asked"]["precision"] == "bf16"
    assert "precision" not in exact.recipe["asked"]
    assert studio.replay(half.save(tmp_path / "half.png")).largest == 0


def test_mixes_and_edits_draw_in_it_too_and_say_so(studio, tmp_path):
    *_, exact = studio.mix([1], [2], [0, 1])[:1]
    *_, half = studio.mix([1], [2], [0, 1], precision="bf16")[:1]
    assert 0 < apart(exact, half) < 16
    face = studio.sample(3)
    edited = studio.edit(face, {"age": 2}, precision="bf16")
    assert 0 < apart(studio.edit(face, {"age": 2}), edited) < 16
    assert edited.recipe["asked"]["precision"] == "bf16"
    assert studio.replay(edited.save(tmp_path / "edited.png")).largest == 0


def test_a_face_sampled_in_bf16_is_the_picture_that_generate_draws(studio):
    (picture,) = studio.generate([5], precision="bf16")
    assert torch.equal(studio.sample(5, precision="bf16").image[0], picture.image)


@pytest.mark.parametrize(
    ("found", "chosen"),
    [(Measured(1.9, 1.0), "bf16"), (Measured(1.0, 0.1), None), (Measured(3.0, 20.0), None)],
)
def test_auto_takes_what_is_faster_and_alike(studio, monkeypatch, found, chosen):
    monkeypatch.setattr(precision, "measured", lambda generator: found)
    assert settled("auto", studio.generator) == chosen
    fitted = Rendering(precision="auto").fitted(studio.generator)
    assert fitted.precision == chosen
    assert fitted.fitted(studio.generator) == fitted


def test_a_measurement_is_kept_and_a_damaged_one_made_again(studio, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENTLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(precision, "is_fast", lambda device: True)
    monkeypatch.setattr(precision, "_measure", lambda generator: Measured(2.0, 0.5))
    assert measured(studio.generator) == Measured(2.0, 0.5)
    monkeypatch.setattr(precision, "_measure", lambda generator: Measured(1.0, 0.0))
    assert measured(studio.generator) == Measured(2.0, 0.5)
    (file,) = tmp_path.rglob("*.json")
    assert json.loads(file.read_text()) == {"gain": 2.0, "apart": 0.5}
    file.write_text("{")
    assert measured(studio.generator) == Measured(1.0, 0.0)


def test_a_device_without_bf16_is_not_measured(studio, monkeypatch):
    monkeypatch.setattr(precision, "is_fast", lambda device: False)
    monkeypatch.setattr(precision, "_measure", lambda generator: pytest.fail("measured"))
    assert settled("auto", studio.generator) is None


def test_the_measurement_sees_the_difference_that_is_there(studio):
    found = precision._measure(studio.generator)
    assert 0 < found.apart < 16
    assert found.gain > 0


def test_what_is_no_precision_is_refused_and_a_batch_takes_no_auto():
    with pytest.raises(BadInput, match="write auto, fp32 or bf16"):
        Rendering(precision="fp8")
    with pytest.raises(BadInput, match="write auto, fp32 or bf16"):
        Edit({"age": 1}, precision="half")
    with pytest.raises(BadInput, match="measured on each machine"):
        RenderSamples(Rendering(precision="auto"))
    with pytest.raises(BadInput, match="measured on each machine"):
        EditPhotos(Edit({"age": 1}, precision="auto"))
