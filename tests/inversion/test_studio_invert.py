"""Photos to the lab: whole folders, kept work, one bad photo among good ones, and the same picture again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.crop import Crop
from latentlab.core.errors import BadFile, BadInput, LatentLabError, UnknownName, WrongGenerator
from latentlab.core.exposure import exposure_from
from latentlab.core.image import from_pixels, load_image
from latentlab.core.latent import Space
from latentlab.faces.detect import DetectedFace
from latentlab.faces.photo import FaceInPhoto
from latentlab.inversion.saved import ALIGNED, LATENT, RECONSTRUCTION, load
from latentlab.networks.build import export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.archive import Archive, read_story
from latentlab.studio.portraits import invert as task
from latentlab.studio.portraits.invert import choose_method
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.replay import replay
from latentlab.studio.studio import Studio


def invert(studio, *photos, **fields):
    return studio.invert(*photos, **fields)


def invert_all(studio, photos, method="auto", watch=None, **fields):
    return task.invert_all(studio, photos, Invert(choose_method(method), **fields), watch)


QUICK = {"method": choose_method("descend", steps=3, candidates=2)}


def network_file(folder: Path, seed: int = 0) -> Path:
    kind, arguments, tensors = export(tiny_generator(seed=seed))
    return Archive(kind, tensors, {"arguments": arguments, "part": "G_ema"}).save(
        folder / f"tiny{seed}.safetensors"
    )


def draw_photo(path: Path, shade: int = 90) -> Path:
    """A picture that stands for a photo; the detector is replaced."""
    y, x = np.mgrid[:80, :80]
    pixels = np.stack([x * 2, y * 2, np.full_like(x, shade)], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def see_the_middle(
    photo, size: int = 256, face: int | None = None, *, allow_profile: bool = False
) -> FaceInPhoto:
    """Stands for detection and alignment: the whole picture is the face."""
    from latentlab.core.image import load_picture

    picture = load_picture(photo) if isinstance(photo, str | Path) else photo
    points = tuple((25.0, 35.0) if i == 36 else (55.0, 35.0) if i == 45 else (40.0, 45.0) for i in range(68))
    crop = Crop(picture.size, size, (39.5, 39.5), (40.0, 0.0), points)
    image = from_pixels(np.asarray(picture.resize((size, size)))[None])
    return FaceInPhoto(image, crop, picture, DetectedFace((0, 0, 80, 80), 1.0), 1)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setattr("latentlab.faces.photo.face_in_photo", see_the_middle)
    monkeypatch.setattr("latentlab.studio.portraits.bench.identity_measures", lambda aligned, image: {})
    return Studio(network=network_file(tmp_path), device="cpu", home=tmp_path / "lab")


def test_a_photo_becomes_a_folder_that_tells_its_story(studio: Studio, tmp_path: Path) -> None:
    face = invert(studio, draw_photo(tmp_path / "My Photo.png"), **QUICK)

    assert face.folder == Path(studio.home) / "My_Photo"
    names = {path.name for path in face.folder.iterdir()}
    assert names == {LATENT, ALIGNED, RECONSTRUCTION, "photo.png"}
    story = read_story(face.folder / LATENT)
    assert story["model"] == studio.generator.hash
    assert story["method"].startswith("Descend(")
    assert story["crop"]["photo_size"] == [80, 80]
    assert {"mse", "psnr", "ms_ssim"} <= set(story["errors"])
    assert str(tmp_path) not in json.dumps(story)
    assert load_image(face.folder / ALIGNED).shape[-1] == 256


def test_what_is_read_back_renders_the_same_picture(studio: Studio, tmp_path: Path) -> None:
    method = choose_method("pivot", steps=5)
    face = invert(studio, draw_photo(tmp_path / "anna.png"), method=method)
    again = load(face.folder, studio.generator)
    assert torch.equal(again.image, face.image)
    assert again.hash == face.hash
    assert again.pivot is not None


def test_a_dark_photo_is_inverted_in_a_usual_exposure_and_edited_in_its_own(
    studio: Studio, tmp_path: Path
) -> None:
    bright = Image.open(draw_photo(tmp_path / "bright.png"))
    bright.point(lambda level: level // 10).save(tmp_path / "dark.png")
    (outcome,) = task.invert_all(studio, [tmp_path / "dark.png"], Invert(**QUICK))

    assert any("dark" in note for note in outcome.notes)
    face = load(Path(studio.home) / "dark", studio.generator)
    assert exposure_from(face.origin).gain > 5
    assert load_image(face.folder / RECONSTRUCTION).max() < -0.7 < face.image.max()
    unedited = studio.edit(face, {}, blend=(face, 0.0), transfer="flow")
    torch.testing.assert_close(unedited.image, load_image(face.folder / ALIGNED)[0], atol=0.02, rtol=0)


def test_one_bad_photo_does_not_stop_the_rest(studio: Studio, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    whole = draw_photo(tmp_path / "whole.png")
    half = tmp_path / "half.png"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    photos = [
        text,
        draw_photo(tmp_path / "a.png"),
        tmp_path,
        half,
        tmp_path / "none.png",
        draw_photo(tmp_path / "b.png", 5),
    ]

    outcomes = list(invert_all(studio, photos, **QUICK))

    assert [outcome.error is None for outcome in outcomes] == [False, True, False, False, False, True]
    for outcome in outcomes:
        if outcome.error is not None:
            assert isinstance(outcome.error, LatentLabError)
            assert "\n" not in str(outcome.error)
    assert sorted(path.name for path in Path(studio.home).glob("[!.]*")) == ["a", "b"]


def test_finished_photos_are_kept_until_something_else_is_asked(studio: Studio, tmp_path: Path) -> None:
    photo = draw_photo(tmp_path / "a.png")
    first = next(invert_all(studio, [photo], **QUICK))
    second = next(invert_all(studio, [photo], **QUICK))
    other = next(invert_all(studio, [photo], choose_method("descend", steps=4)))
    forced = next(invert_all(studio, [photo], choose_method("descend", steps=4), force=True))
    assert [first.kept, second.kept, other.kept, forced.kept] == [False, True, False, False]
    assert second.face.hash == first.face.hash


def test_a_damaged_inversion_is_made_again(studio: Studio, tmp_path: Path) -> None:
    photo = draw_photo(tmp_path / "a.png")
    first = invert(studio, photo, **QUICK)
    path = first.folder / LATENT
    path.write_bytes(path.read_bytes()[:-20])
    again = next(invert_all(studio, [photo], **QUICK))
    assert not again.kept
    assert again.face.hash == first.hash


def test_two_photos_of_one_name_get_two_names(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    photos = [draw_photo(tmp_path / "a.png"), draw_photo(tmp_path / "x" / "a.png", 5)]
    assert [face.name for face in invert(studio, *photos, **QUICK)] == ["a", "a-2"]
    assert [outcome.kept for outcome in invert_all(studio, photos, **QUICK)] == [True, True]
    with pytest.raises(BadInput, match="another photo called 'a'"):
        invert(studio, photos[1], name="a", **QUICK)


def test_photos_of_one_person_share_a_pivot(studio: Studio, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path / "a.png"), draw_photo(tmp_path / "b.png", 5)]
    first, second = invert(studio, *photos, method=choose_method("pivot", steps=3), together=True)
    assert first.pivot is second.pivot
    assert not torch.equal(first.latent.values, second.latent.values)
    assert all(
        outcome.kept for outcome in invert_all(studio, photos, choose_method("pivot", steps=3), together=True)
    )


def test_an_inversion_begins_where_another_ended(studio: Studio, tmp_path: Path) -> None:
    photo = draw_photo(tmp_path / "a.png")
    first = invert(studio, photo, name="first", **QUICK)
    more = invert(studio, photo, name="more", start="first", method=choose_method("descend", steps=10))
    assert more.measures["mse"] < first.measures["mse"]
    with pytest.raises(BadInput, match="another photo"):
        invert(studio, draw_photo(tmp_path / "b.png", 5), start="first", **QUICK)


def test_an_inversion_begins_from_saved_latents_and_is_made_again(studio: Studio, tmp_path: Path) -> None:
    photo, saved = draw_photo(tmp_path / "a.png"), tmp_path / "elsewhere" / "projected_w.npz"
    saved.parent.mkdir()
    w_plus = studio.generator.lift(studio.sample(3).latent, Space.W_PLUS).values
    np.savez(saved, w=w_plus.numpy(), loss=np.zeros(4))
    choice = choose_method("descend", space="w+", steps=1, candidates=2, learning_rate=1e-6)
    face = invert(studio, photo, start=saved, method=choice)
    assert torch.allclose(face.latent.values, w_plus, atol=1e-3)

    story = read_story(face.folder / LATENT)
    assert str(saved.parent) not in json.dumps(story)
    assert replay(studio, face.folder / RECONSTRUCTION, [photo, saved]).largest <= 1
    with pytest.raises(BadInput, match="add its file"):
        replay(studio, face.folder / RECONSTRUCTION, [photo])

    np.savez(saved, w=np.zeros((1, 18, w_plus.shape[-1]), np.float32))
    with pytest.raises(BadFile, match="has 18 layers, this network has"):
        invert(studio, photo, start=str(saved), method=choice)


def test_a_reconstruction_is_made_again_from_its_recipe(studio: Studio, tmp_path: Path) -> None:
    face = invert(studio, draw_photo(tmp_path / "a.png"), **QUICK)
    assert replay(studio, face.folder / RECONSTRUCTION).largest == 0
    shared = invert(
        studio,
        tmp_path / "a.png",
        draw_photo(tmp_path / "b.png", 5),
        method=choose_method("pivot", steps=2),
        together=True,
    )
    assert replay(studio, shared[1].folder / RECONSTRUCTION).largest <= 1


def test_the_recipe_of_auto_is_the_plan_it_chose(studio: Studio, tmp_path: Path) -> None:
    face = invert(studio, draw_photo(tmp_path / "a.png"), method=choose_method("auto", budget=1e-6))
    assert face.origin["asked"]["method"]["name"] == "descend"
    assert face.origin["asked_for"]["method"]["name"] == "auto"
    assert next(invert_all(studio, [tmp_path / "a.png"], choose_method("auto", budget=1e-6))).kept
    assert replay(studio, face.folder / RECONSTRUCTION).largest == 0


def test_latent_files_that_are_wrong_say_why(studio: Studio, tmp_path: Path) -> None:
    face = invert(studio, draw_photo(tmp_path / "a.png"), **QUICK)
    path = face.folder / LATENT
    archive = Archive.load(path)

    Archive("latent", {"values": archive.tensors["values"] * float("nan")}, archive.story).save(
        tmp_path / "nan.safetensors"
    )
    with pytest.raises(BadFile, match="NaN"):
        load(tmp_path / "nan.safetensors", studio.generator)
    Archive("latent", archive.tensors, {**archive.story, "space": "Q"}).save(tmp_path / "q.safetensors")
    with pytest.raises(BadFile, match="space"):
        load(tmp_path / "q.safetensors", studio.generator)
    pivot = {"pivot.up.b8.conv1": torch.ones(3, 2), "pivot.down.b8.conv1": torch.ones(2, 5)}
    Archive("latent", {**archive.tensors, **pivot}, archive.story).save(tmp_path / "p.safetensors")
    with pytest.raises(BadFile, match="does not fit"):
        load(tmp_path / "p.safetensors", studio.generator)
    with pytest.raises(WrongGenerator, match="this is"):
        load(path, tiny_generator(seed=1))
    (tmp_path / "cut.safetensors").write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadFile, match="truncated"):
        load(tmp_path / "cut.safetensors", studio.generator)


def test_words_that_are_no_method_are_told(studio: Studio) -> None:
    with pytest.raises(UnknownName, match="did you mean 'pivot'"):
        choose_method("pivto")
    with pytest.raises(BadInput, match="budget"):
        choose_method("encode", budget=3)
    with pytest.raises(BadInput, match="steps"):
        choose_method("descend", step=3)
    with pytest.raises(BadInput, match="no photo"):
        list(invert_all(studio, []))


def test_ctrl_c_keeps_what_is_finished(studio: Studio, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path / "a.png"), draw_photo(tmp_path / "b.png", 5)]

    def stop_in_the_second(done: float, text: str = "", image=None) -> None:
        if done > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(invert_all(studio, photos, watch=stop_in_the_second, **QUICK))
    assert sorted(path.name for path in Path(studio.home).glob("[!.]*")) == ["a"]


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(studio: Studio, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path / f"p{i}.png", 10 * i) for i in range(3)]
    code = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import torch; torch.set_num_threads(1)
        import latentlab.faces.photo, latentlab.studio.portraits.bench as bench
        from test_studio_invert import invert_all, see_the_middle, QUICK
        from latentlab.studio.studio import Studio
        latentlab.faces.photo.face_in_photo = see_the_middle
        bench.identity_measures = lambda aligned, image: {{}}
        studio = Studio(network={str(studio.network)!r}, device="cpu", home={str(studio.home)!r})
        def die(done, text="", image=None):
            if done > 0.5:
                os.kill(os.getpid(), signal.SIGKILL)
        list(invert_all(studio, {[str(p) for p in photos]!r}, watch=die, **QUICK))
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True
    )
    assert run.returncode == -signal.SIGKILL, run.stderr

    finished = [path.name for path in Path(studio.home).iterdir() if not path.name.startswith(".")]
    assert finished == ["p0"]
    outcomes = list(invert_all(studio, photos, **QUICK))
    assert [outcome.kept for outcome in outcomes] == [True, False, False]
    assert all(outcome.error is None for outcome in outcomes)


def test_a_full_or_forbidden_place_is_one_line(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    blocked = Studio(network=studio.network, device="cpu", home=tmp_path / "file" / "lab")
    with pytest.raises(BadFile, match="cannot"):
        invert(blocked, draw_photo(tmp_path / "a.png"), **QUICK)


@pytest.mark.slow
def test_the_astronaut_goes_the_whole_way(tmp_path: Path) -> None:
    skimage = pytest.importorskip("skimage.data")
    pytest.importorskip("dlib")
    Image.fromarray(skimage.astronaut()).save(tmp_path / "astronaut.jpg")
    studio = Studio(network=network_file(tmp_path), device="cpu", home=tmp_path / "lab")
    face = invert(studio, tmp_path / "astronaut.jpg", **QUICK)
    errors = read_story(face.folder / LATENT)["errors"]
    assert errors["identity"] > errors["identity_floor"] > 0
    shutil.rmtree(tmp_path / "lab")
