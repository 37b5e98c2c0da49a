"""Sentences that a person reads: after an inversion, after an edit that keeps something, in a list of directions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from latentlab.core.face import Face
from latentlab.core.latent import Latent, Space
from latentlab.core.text import with_unit
from latentlab.studio import Edit, Studio, Video, nearness
from latentlab.studio.pictures.generate import orders


def inverted(**measures: float) -> Face:
    face = Face("anna", Latent(Space.W, torch.zeros(1, 4)), torch.zeros(1, 3, 8, 8))
    return replace(face, origin={"errors": measures})


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        (
            {"ms_ssim": 0.97, "identity": 0.3, "typicality": 3},
            ("all but the photo", "the same person", "edits will hold"),
        ),
        (
            {"ms_ssim": 0.8, "identity": 0.8, "typicality": 3},
            ("a likeness", "another person", "edits will hold"),
        ),
        ({"ms_ssim": 0.3, "typicality": 14}, ("rough likeness", "less than they say")),
        ({"ms_ssim": 0.8, "identity": 0.9, "identity_floor": 0.7}, ("too small for dlib",)),
        ({"ms_ssim": 0.8, "out_of_domain": 1}, ("unlike the faces",)),
    ],
)
def test_an_inversion_is_told_in_a_sentence_without_figures(measures: dict, words: tuple[str, ...]) -> None:
    told = nearness(inverted(**measures))
    assert all(word in told for word in words), told
    assert not any(letter.isdigit() for letter in told)


def test_a_unit_that_is_a_scale_stands_in_brackets() -> None:
    assert with_unit("10", "years") == "10 years"
    assert with_unit("0.25", "0 none .. 1 full") == "0.25 (0 none .. 1 full)"


def test_names_of_one_call_sort_as_their_numbers_do() -> None:
    assert [order.name for order in orders("seed", [3, 85])] == ["seed0003", "seed0085"]
    assert [order.name for order in orders("seed", [3, 12345])] == ["seed00003", "seed12345"]


def test_what_keep_leaves_of_a_direction_is_told(tmp_path: Path) -> None:
    studio = Studio(home=tmp_path)
    opened = studio.open_edit(studio.sample(1), Edit({"age": 1.0}, keep=("glasses",)))
    list(opened.draw())
    assert any("age hardly moves glasses" in note for note in opened.notes())


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_video_of_whole_photos_or_of_other_channels_plays(mode: str, tmp_path: Path) -> None:
    import imageio_ffmpeg

    frames = [Image.new(mode, (1300, 651), shade) for shade in ((30, 90) if mode == "L" else ("red", "blue"))]
    path = Video(tmp_path / "a.mp4", 2).save(frames)
    assert imageio_ffmpeg.count_frames_and_secs(str(path)) == (2, 1.0)
