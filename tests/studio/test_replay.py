"""Replay: equal pixels, or within rounding and why; and a recipe can neither choose a path nor run anything."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from latentlab.core.errors import LatentLabError, WrongGenerator
from latentlab.core.image import STORY_KEY, read_story
from latentlab.studio import Generate


def rewrite(path, story) -> None:
    """Somebody else's story in our picture."""
    info = PngInfo()
    info.add_itxt(STORY_KEY, json.dumps(story))
    Image.open(path).save(path, pnginfo=info)


def test_a_picture_drawn_alone_comes_out_equal(studio, tmp_path) -> None:
    path = studio.generate(seeds=[5], psi=0.7, noise="random")[0].save(tmp_path / "a.png")
    again = studio.replay(path)
    assert (again.largest, again.changes, again.verdict) == (0, (), "equal pixels")


def test_a_picture_of_a_batch_comes_out_within_rounding_and_says_so(studio, tmp_path) -> None:
    path = studio.generate(seeds="0-3")[2].save(tmp_path / "a.png")
    again = studio.replay(path)
    assert again.largest <= 1
    assert again.changes == ("batch was 4, is 1",)


@pytest.mark.parametrize("which", [0, -1])
def test_mixed_pictures_and_their_sheet_come_out_equal(which: int, studio, tmp_path) -> None:
    path = studio.mix(rows=[1, 2], cols=[3, 4], styles="0-2")[which].save(tmp_path / "a.png")
    assert studio.replay(path).largest == 0


def test_the_sheet_of_samples_comes_out_within_rounding(studio, tmp_path) -> None:
    gallery = studio.gallery(Generate(range(5), grid=(3, 2)), tmp_path / "g")
    files = dict(gallery.fill())
    assert studio.replay(files["grid"]).largest <= 1


def test_saved_latents_are_found_by_hash_among_the_inputs(studio, tmp_path) -> None:
    np.save(tmp_path / "right.npy", np.random.RandomState(0).randn(2, 32).astype(np.float32))
    np.save(tmp_path / "wrong.npy", np.random.RandomState(1).randn(2, 32).astype(np.float32))
    path = studio.generate(latents=tmp_path / "right.npy")[1].save(tmp_path / "a.png")
    with pytest.raises(LatentLabError, match=r"right\.npy.*`inputs`"):
        studio.replay(path, [tmp_path / "wrong.npy"])
    assert studio.replay(path, [tmp_path / "wrong.npy", tmp_path / "right.npy"]).largest <= 1


def test_a_picture_that_was_painted_over_is_found_out(studio, tmp_path) -> None:
    path = studio.generate(seeds=[5])[0].save(tmp_path / "a.png")
    story, pixels = read_story(path), np.array(Image.open(path))
    pixels[:4, :4] = 255 - pixels[:4, :4]
    Image.fromarray(pixels).save(path)
    rewrite(path, story)
    assert studio.replay(path).largest > 1
    assert "changed after it was made" in studio.replay(path).verdict


def test_another_network_is_refused_by_its_hash(studio, tmp_path) -> None:
    path = studio.generate(seeds=[5])[0].save(tmp_path / "a.png")
    story = read_story(path)
    story["network"] = {"name": "/etc/passwd", "hash": "0" * 64}
    rewrite(path, story)
    with pytest.raises(WrongGenerator, match="000000000000"):
        studio.replay(path)


WRONG = {
    "no command": {"command": None},
    "an unknown command": {"command": "os.system"},
    "a module for a command": {"command": "subprocess:run"},
    "no network": {"network": 3},
    "a network without a hash": {"network": {"name": "x"}},
    "nothing asked": {"asked": None},
    "a seed of text": {"asked": {"seed": "0; import os"}},
    "a seed below zero": {"asked": {"seed": -1}},
    "a seed that is a bool": {"asked": {"seed": True}},
    "a huge seed": {"asked": {"seed": 2**80}},
    "a psi of text": {"asked": {"seed": 0, "psi": "1"}},
    "an infinite psi": {"asked": {"seed": 0, "psi": float("inf")}},
    "a noise nobody knows": {"asked": {"seed": 0, "noise": "loud"}},
    "a class": {"asked": {"seed": 0, "class": 3}},
    "latents on disk": {"asked": {"latents": {"name": "/etc/passwd", "hash": "x", "row": 0}}},
    "a mix without a row": {"command": "mix", "asked": {"col": 1, "styles": [0]}},
    "a mix of layers beyond": {"command": "mix", "asked": {"row": 1, "col": 1, "styles": [99]}},
    "a grid of nothing": {"command": "grid", "asked": {"columns": 1, "samples": []}},
    "a grid of words": {"command": "grid", "asked": {"columns": 1, "samples": ["a"]}},
    "a grid too wide": {"command": "grid", "asked": {"columns": 10**9, "samples": [{"seed": 0}]}},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_recipe_that_lies_is_refused_in_words(case: str, studio, tmp_path) -> None:
    path = studio.generate(seeds=[5])[0].save(tmp_path / "a.png")
    rewrite(path, read_story(path) | WRONG[case])
    with pytest.raises(LatentLabError):
        studio.replay(path)


def test_a_picture_without_a_story_is_refused(studio, tmp_path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(LatentLabError, match="no story"):
        studio.replay(tmp_path / "a.png")
