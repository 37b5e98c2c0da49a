"""Heads turned to the front: points in space, pictures after them, the hidden side filled, the whole replayed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import NoFace
from latentlab.core.warp import warp
from latentlab.editing.geometry.frontal import PAIRS, Frontal, far_side_seen
from latentlab.editing.geometry.plate import area, plate
from latentlab.scorers.pose import fit_pose, mean_face, rotation
from latentlab.studio import Studio

SIZE = 128


def head(yaw: float) -> torch.Tensor:
    """The mean face's points [68 2], turned."""
    turn = rotation(*(torch.tensor([angle]) for angle in (yaw, 0.0, 0.0)))[0]
    return (mean_face().points.float() @ turn.T)[:, :2] * torch.tensor([24.0, -24.0]) + SIZE / 2


def test_a_plate_brings_its_points_where_they_belong():
    picture = torch.zeros(1, 1, SIZE, SIZE)
    picture[..., 60, 40] = 1.0
    start = torch.tensor([[40.0, 60.0], [10, 10], [118, 10], [10, 118], [118, 118]])
    goal = start.clone()
    goal[0] += torch.tensor([12.0, -8.0])
    moved = warp(picture, plate(start, goal, SIZE, stiffness=0.0))[0, 0]
    brightest = int(moved.argmax())
    assert abs(brightest % SIZE - 52) <= 1 and abs(brightest // SIZE - 52) <= 1


def test_an_unmoved_plate_moves_nothing_and_shows_everything_once():
    points = head(0.0)
    flow = plate(points, points, SIZE)
    assert flow.abs().max() < 1e-3
    assert (area(flow) - 1).abs().max() < 1e-3


@pytest.mark.parametrize("yaw", [-40.0, -15.0, 0.0, 30.0])
def test_points_of_a_turned_head_come_to_the_front(yaw: float):
    turned = Frontal().points(head(yaw), SIZE)
    assert abs(float(turned.pose.yaw[0]) - yaw) < 1
    assert abs(float(fit_pose(turned.goal[None, :68].double()).yaw[0])) < 1
    middle = turned.goal[27, 0]
    for left, right in PAIRS:
        assert abs(float(turned.goal[left, 0] + turned.goal[right, 0] - 2 * middle)) < 0.5


def test_the_hidden_side_is_the_mirror_image_of_the_seen_one():
    picture = torch.zeros(1, 3, SIZE, SIZE)
    picture[..., : SIZE // 2] = 0.8  # the far side of a head that looks to the picture's left is narrow
    turned = Frontal().points(head(-45.0), SIZE)
    front = Frontal().turn(picture, turned)
    left, right = front[..., 40:88, 48], front[..., 40:88, SIZE - 1 - 48]
    assert (left - right).abs().mean() < 0.15


def test_a_frontal_photo_stays_nearly_what_it_is(studio: Studio, portrait: Path):
    opened = studio.open_frontalize(portrait)
    change = (opened.image - opened.face.image)[..., 80:200, 80:180]
    assert change.abs().mean() < 0.12
    assert any("brought to 0" in note for note in opened.notes())


def test_the_front_is_made_again_from_its_recipe_and_pasted_into_the_photo(
    studio: Studio, portrait: Path, tmp_path: Path
):
    path = studio.frontalize(portrait).save(tmp_path / "front.png")
    assert b"compositeWithTrainedAlgorithmicMedia" in path.read_bytes()
    assert studio.replay(path, [portrait]).largest == 0
    whole = np.asarray(studio.frontalize(portrait, paste_back=True).image)
    before = np.asarray(Image.open(portrait))
    assert whole.shape == before.shape and np.array_equal(whole[-20:], before[-20:])


def test_two_faces_and_no_choice_are_refused(studio: Studio, two: Path, tmp_path: Path):
    with pytest.raises(NoFace, match=r"choose one with `face` 1\.\.2"):
        studio.frontalize(two)
    Image.new("RGB", (300, 300), "white").save(tmp_path / "wall.png")
    with pytest.raises(NoFace, match="found no face"):
        studio.frontalize(tmp_path / "wall.png")


def test_what_lies_around_the_head_moves_with_it_and_is_not_folded():
    turned = Frontal().points(head(-35.0), SIZE)
    flow = plate(turned.source, turned.goal, SIZE)
    corner = area(flow)[..., :8, :8]
    assert (corner - 1).abs().max() < 0.35


def test_a_head_is_refused_whose_far_side_shows_no_skin():
    picture = torch.full((1, 3, SIZE, SIZE), -0.8)
    picture[:, 2] = 0.6
    points, near = head(-30.0), torch.tensor([0.6, 0.2, 0.0])[:, None, None]
    picture[..., :, 20:110] = near
    assert far_side_seen(picture, points) > 0.8
    picture[..., :, : int(points[[8, 27, 30, 33], 0].max())] = torch.tensor([-0.8, -0.8, 0.6])[:, None, None]
    assert far_side_seen(picture, points) < 0.25
