"""Photos drawn as cartoons: eyes grow, skin gets the child's colour, lines come where colours part, by as much as is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.face import Photo
from latentlab.editing.style.cartoon import Cartoon
from latentlab.editing.style.skin import lab, skin_of
from latentlab.scorers.pose import mean_face
from latentlab.studio import Studio, Stylize
from latentlab.studio.applications.sitter import Sitter
from latentlab.studio.applications.stylize import OpenStylize
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.shelf.styles import Style

SIZE = 256
BROWN = torch.tensor([45.0, 18.0, 24.0])


def marks() -> torch.Tensor:
    return mean_face().points[:, :2] * torch.tensor([60.0, -60.0]) + torch.tensor([128.0, 120.0])


def plain() -> torch.Tensor:
    """A face of one colour before a blue wall."""
    picture = torch.tensor([-0.7, -0.3, 0.5])[:, None, None].repeat(1, SIZE, SIZE)
    picture[:, 30:230, 50:206] = torch.tensor([0.7, 0.3, 0.1])[:, None, None]
    return picture[None]


def test_no_strength_is_the_photo():
    assert torch.allclose(Cartoon().draw(plain(), marks(), BROWN, 0.0), plain(), atol=1e-3)


def test_eyes_grow_and_the_chin_stays():
    picture, points = plain(), marks()
    left, chin = points[36:42].mean(0), points[8]
    for x, y in (left + torch.tensor([12.0, 0.0]), chin):
        picture[..., int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 1.0
    grown = Cartoon()._grown(picture, points, 1.0)[0, 2]
    row = int(left[1])
    bright = int(grown[row - 3 : row + 4, int(left[0]) : int(left[0]) + 30].amax(0).argmax())
    assert 14 <= bright <= 17
    assert grown[int(chin[1]), int(chin[0])] > 0.9


def test_skin_takes_the_colour_that_the_child_gives_it_and_the_wall_keeps_its_own():
    drawn = lab(Cartoon().draw(plain(), marks(), BROWN))
    assert torch.allclose(drawn[0, :, 160, 100], BROWN, atol=2.0)
    assert torch.allclose(drawn[0, :, 100, 10], lab(plain())[0, :, 100, 10], atol=1.0)
    kept = lab(Cartoon().draw(plain(), marks(), None))
    assert torch.allclose(kept[0, :, 160, 100], lab(plain())[0, :, 160, 100], atol=2.0)


def test_lines_come_where_colours_part_and_nowhere_else():
    drawn = Cartoon().draw(plain(), marks(), None)
    darker = (plain() - drawn).mean(1)[0]
    assert darker[120, 46:54].max() > 0.2
    assert darker[120, :40].abs().max() < 0.03


def test_eyes_lips_and_wall_are_no_skin():
    mask, colour = skin_of(plain(), marks())
    assert torch.allclose(colour, lab(plain())[0, :, 160, 100], atol=0.5)
    for points in (marks()[36:42], marks()[48:60]):
        x, y = points.mean(0).int().tolist()
        assert mask[0, 0, y, x] < 0.4
    assert mask[0, 0, 160, 100] > 0.95 and mask[0, 0, 100, 10] < 0.05


@pytest.mark.parametrize(("by", "photo"), [("photo", True), ("photo", False), ("network", True)])
def test_a_photo_is_drawn_over_where_there_is_one_and_it_was_asked(studio: Studio, by: str, photo: bool):
    face = studio.sample(7)
    style = Style("toon", "", studio.generator.state_dict(), Cartoon())
    seen = Sitter("plain", plain(), marks(), Photo(plain()) if photo else None, face)
    opened = OpenStylize(studio, Stylize("toon"), seen, style, Ingredients(studio))
    opened = replace(opened, request=replace(opened.request, by=by))
    assert opened.by_photo is (by == "photo" and photo)
    if opened.by_photo:
        assert opened.image().shape == (1, 3, SIZE, SIZE)
