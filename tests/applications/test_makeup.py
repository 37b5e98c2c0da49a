"""Makeup on a photograph: where it is asked for and nowhere else, made again from its recipe, refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from latentlab.core.errors import BadInput, LatentLabError, NoFace
from latentlab.editing.makeup.colour import complexion, from_lab, put_on, to_lab
from latentlab.editing.makeup.masks import MASKS, makeup_mask
from latentlab.editing.makeup.paint import paint, parse_colour
from latentlab.faces.landmarks import aligned_landmarks
from latentlab.faces.photo import face_in_photo
from latentlab.studio import Studio


@pytest.fixture(scope="module")
def seen(portrait: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The aligned face and its landmarks."""
    image = face_in_photo(portrait, 256).image
    return image, aligned_landmarks(image).points[0]


def inside(name: str, landmarks: torch.Tensor) -> np.ndarray:
    return makeup_mask(name, landmarks, 256)[0, 0].numpy() > 0.4


def test_lab_there_and_back_is_the_picture(seen):
    image, _ = seen
    assert (from_lab(to_lab(image)) - image).abs().max() < 1e-3


def test_regions_lie_where_they_are_called(seen):
    _, points = seen
    centres = {name: np.argwhere(inside(name, points)).mean(0) for name in MASKS}
    assert centres["lids"][0] < centres["blush"][0] < centres["lips"][0]
    assert not (inside("blush", points) & inside("lips", points)).any()
    assert not (inside("lids", points) & inside("lips", points)).any()


def test_only_the_regions_asked_for_change_and_they_take_the_colour(seen):
    image, points = seen
    painted = paint(image, points, {"lips": np.array([0.0, 25.0, 5.0])})
    change = to_lab(painted) - to_lab(image)
    mask = makeup_mask("lips", points, 256)[0, 0].numpy()
    assert np.abs(change[mask == 0]).max() < 0.5
    assert np.abs(change[mask > 0.9].mean(0) - [0, 25, 5]).max() < 4


def test_a_reference_with_red_lips_makes_lips_redder_and_a_bare_one_hardly_moves_them(seen):
    image, points = seen
    own = complexion(image, points)
    worn = complexion(paint(image, points, {"lips": np.array([-8.0, 30.0, 8.0])}), points)
    assert put_on(own, worn, "lips")[1] > 10
    assert np.abs(put_on(own, own, "lips")).max() < 12


def test_strength_is_a_share_of_the_change(studio: Studio, portrait: Path):
    def moved(strength: float) -> np.ndarray:
        picture = studio.makeup(portrait, colours={"lips": "#a01030"}, strength=strength, aligned=True)
        return picture.image.numpy()

    none, half, all_ = moved(0.0), moved(0.5), moved(1.0)
    assert 0.35 < np.abs(half - none).sum() / np.abs(all_ - none).sum() < 0.65


def test_the_photo_outside_of_the_face_is_untouched_and_the_picture_is_made_again(
    studio: Studio, portrait: Path, tmp_path: Path
):
    picture = studio.makeup(portrait, colours={"lips": "#a01030"})
    before, after = np.asarray(Image.open(portrait)), np.asarray(picture.image)
    assert after.shape == before.shape
    assert np.array_equal(after[:20], before[:20]) and not np.array_equal(after, before)
    path = picture.save(tmp_path / "red.png")
    assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
    assert str(portrait.parent) not in str(picture.recipe)
    assert studio.replay(path, [portrait]).largest == 0


def test_one_of_two_faces_is_chosen_by_number_or_by_likeness(studio: Studio, two: Path, portrait: Path):
    with pytest.raises(NoFace, match="found 2 faces"):
        studio.makeup(two, remove=True)
    right = np.asarray(studio.makeup(two, colours={"lips": "#a01030"}, face=2).image)
    before = np.asarray(Image.open(two))
    assert np.array_equal(right[:, :250], before[:, :250]) and not np.array_equal(right, before)
    liked = np.asarray(studio.makeup(two, colours={"lips": "#a01030"}, like=portrait).image)
    assert np.array_equal(liked[:, 350:], before[:, 350:])


def test_dark_glasses_leave_the_eyes_out(studio: Studio, portrait: Path, tmp_path: Path):
    found = face_in_photo(portrait, 256)
    picture = Image.open(portrait).convert("RGB")
    points = np.array(found.crop.landmarks)
    for eye in (points[36:42], points[42:48]):
        (x, y), reach = eye.mean(0), 0.75 * np.ptp(eye[:, 0])
        ImageDraw.Draw(picture).ellipse((x - reach, y - reach, x + reach, y + reach), fill=(12, 12, 14))
    dark = tmp_path / "dark.png"
    picture.save(dark)
    opened = studio.open_makeup(dark, remove=True)
    assert set(opened.left_out) == {"lids", "liner"}
    assert any("dark glasses hide the eyes" in note for note in opened.notes())
    with pytest.raises(BadInput, match="nothing is left to do"):
        studio.open_makeup(dark, remove=True, regions=("eyes",))
    assert not studio.open_makeup(portrait, remove=True).left_out


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "which makeup"),
        ({"regions": ("lip",)}, "did you mean 'lips'"),
        ({"colours": {"lips": "red"}}, "six hexadecimal digits"),
        ({"colours": {"lips": "#a01030"}, "remove": True}, "not both"),
        ({"remove": True, "strength": 2.0}, "strength"),
    ],
)
def test_what_cannot_be_done_is_one_line(studio: Studio, portrait: Path, fields: dict, told: str):
    with pytest.raises(LatentLabError, match=told) as error:
        studio.makeup(portrait, **fields)
    assert "\n" not in str(error.value)


def test_a_reference_without_a_face_is_called_the_reference(studio: Studio, portrait: Path, tmp_path: Path):
    Image.new("RGB", (200, 200), (90, 120, 90)).save(tmp_path / "wall.png")
    with pytest.raises(NoFace, match="the reference: found no face"):
        studio.makeup(portrait, tmp_path / "wall.png")


def test_colours_are_hexadecimal():
    assert np.allclose(parse_colour("#fff", "lips"), [100, 0, 0], atol=0.1)
    assert parse_colour("a01030", "lips")[1] > 40
