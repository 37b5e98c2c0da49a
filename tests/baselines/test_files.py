"""Trained baselines as files, and their samples: what is refused, and in which words."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import SETTINGS, pictures, tiny

from latentlab.baselines import BASELINES
from latentlab.baselines.baseline import Wish, granted
from latentlab.baselines.files import find, load
from latentlab.baselines.samples import Drawn, open_samples
from latentlab.baselines.train import TrainBaseline
from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingPart, UnknownName
from latentlab.world.render import Renderer, build_renderer
from latentlab.world.standin import stand_in


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return build_renderer(stand_in())


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Three pictures of 64×32: noise beside its mirror image."""
    folder = tmp_path / "pairs" / "train"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    for number in range(3):
        half = draw.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(np.concatenate([half, half[:, ::-1]], 1)).save(folder / f"{number}.png")
    return folder.parent


def teach(data: Path, out: Path, **more: object) -> Path:
    settings = {**SETTINGS["pix2pix"], "batch": 1}
    given: dict = {"preset": "published", "images": 2, "device": "cpu", "settings": settings}
    return TrainBaseline("pix2pix", out, data, **{**given, **more}).run()


def test_a_training_leaves_a_file_that_edits_and_tells_its_story(pairs: Path, tmp_path: Path):
    trained = load(teach(pairs, tmp_path / "run"), "pix2pix")
    assert trained.method == tiny("pix2pix")
    assert trained.story["training"]["images"] == 2 and "pairs" in trained.story["training"]["data"]
    faces = torch.zeros(1, 3, 32, 32)
    with torch.no_grad():
        after = trained.method.edit(trained.networks, faces, {"smile": Wish()}).images
    assert after.shape == faces.shape
    assert find(tmp_path / "run") == tmp_path / "run" / "pix2pix.safetensors"


def test_a_training_goes_on_where_it_stopped(pairs: Path, tmp_path: Path):
    teach(pairs, tmp_path / "run")
    with pytest.raises(BadInput, match="resume"):
        teach(pairs, tmp_path / "run")
    resumed = load(teach(pairs, tmp_path / "run", images=4, resume=True))
    whole = load(teach(pairs, tmp_path / "whole", images=4))
    assert resumed.story["training"]["images"] == 4
    assert resumed.hash == whole.hash


def test_the_file_of_another_baseline_is_refused(pairs: Path, tmp_path: Path):
    path = teach(pairs, tmp_path / "run")
    with pytest.raises(BadInput, match="holds a pix2pix, not a cyclegan"):
        load(path, "cyclegan")
    with pytest.raises(UnknownName, match="did you mean 'pix2pix'"):
        find("pix2pics")
    with pytest.raises(BadFile, match="no trained baseline"):
        find(pairs)


@pytest.mark.parametrize("name", BASELINES)
def test_a_folder_in_another_layout_is_refused_with_the_layout_that_is_wanted(name: str, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(BadFile, match=f"layout '{BASELINES[name].layout}'") as refused:
        open_samples(tiny(name), tmp_path)(range(1))
    assert "\n" not in str(refused.value)


def test_one_corrupt_picture_is_named_and_passed_over(pairs: Path, tmp_path: Path):
    (pairs / "train" / "1.png").write_bytes(b"no picture")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        teach(pairs, tmp_path / "run", images=3)
    assert any("1.png" in str(warning.message) for warning in told)


def test_an_unknown_setting_suggests_a_known_one(pairs: Path, tmp_path: Path):
    with pytest.raises(UnknownName, match="did you mean 'levels'"):
        teach(pairs, tmp_path / "run", settings={"level": 4})


def test_a_wish_that_cannot_be_granted_names_who_can():
    with pytest.raises(BadInput, match=r"caae cannot grant 'frontal'.*ffgan"):
        granted(tiny("caae"), "caae", {"frontal": Wish()})
    with pytest.raises(BadInput, match=r"age=300 is out of range; give 0 to 120 \(years\)"):
        granted(tiny("caae"), "caae", {"age": Wish(300)})
    with pytest.raises(BadInput, match="nothing is wished for"):
        granted(tiny("caae"), "caae", {"gender": Wish(1)})
    with pytest.raises(MissingPart, match="makeup=PHOTO"):
        granted(tiny("beautygan"), "beautygan", {"makeup": Wish()})
    assert granted(tiny("caae"), "caae", {"age": Wish()})["age"].value == 60


@pytest.mark.parametrize("name", BASELINES)
def test_samples_of_the_face_world_are_what_the_method_learns_from(
    name: str, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("latentlab.world.render.load_renderer", lambda *a: renderer)
    monkeypatch.setattr("latentlab.world.model.load_face_model", lambda *a: stand_in())
    method = BASELINES[name].preset("world", **{"pictures": 32} if name == "deepfakes" else {"size": 32})
    samples = Drawn(method, fresh=4)
    first, again = samples([0, 1]), samples([0, 1])
    assert len(first) == 2
    for field in vars(first):
        one, other = getattr(first, field), getattr(again, field)
        assert torch.equal(one, other)
        if one.ndim == 4 and one.shape[1] == 3:
            assert one.shape[-1] == method.picture_size and one.std() > 0.05
    assert sorted(samples._shuffled(number) for number in range(4, 8)) == [0, 1, 2, 3]


def test_ffgan_regresses_the_coefficients_of_the_face_model(face_model_path: Path):
    from latentlab.baselines.ffgan import OURS
    from latentlab.world.model import load_face_model

    model = load_face_model(face_model_path)
    assert (8, len(model.identity), len(model.expression)) == OURS


def test_makeup_comes_off_as_on_another_face():
    """A face that meets itself is taught to stay as it is: without another face nothing would come off."""
    with pytest.raises(MissingPart, match="bare=PHOTO"):
        granted(tiny("beautygan"), "beautygan", {"bare": Wish()})
    method = tiny("beautygan")
    networks = method.networks()
    faces, other = pictures(1, 32, 1), pictures(1, 32, 2)
    made = method.edit(networks, faces, {"bare": Wish(1.0, other)}).images
    torch.testing.assert_close(made, networks["generator"](other, faces).bare)


def test_every_error_of_the_family_is_a_line(tmp_path: Path):
    for act in (lambda: BASELINES["nobody"], lambda: tiny("pix2pix", rate=-1), lambda: tiny("caae", size=3)):
        with pytest.raises(LatentLabError) as refused:
            act()
        assert "\n" not in str(refused.value)
