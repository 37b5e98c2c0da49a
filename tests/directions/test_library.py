"""Directions come home from their files, whole or with one line that says what is wrong."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.latent import Latent, Space
from latentlab.directions.facts import names_in
from latentlab.directions.flow import Flow
from latentlab.directions.library import load_direction, same, save_direction
from latentlab.store.archive import Archive
from tests.directions.toy import toy_bank


def test_a_direction_comes_home_with_everything_it_knows(tmp_path) -> None:
    direction = Direction(
        "age", Space.W_PLUS, torch.randn(4, 8), "years", 10.0, (-3.0, 2.0), (1, 2), "abc", "Regression()", {"smile": 0.1}, "mouth", {"n": 5},
        (-1.0, 1.5),
    )  # fmt: skip
    again = load_direction(save_direction(direction, tmp_path))
    assert same(direction, again)
    for name in (
        "name",
        "unit",
        "step",
        "span",
        "layers",
        "model",
        "found_by",
        "leakage",
        "region",
        "story",
        "photo_span",
    ):
        assert getattr(again, name) == getattr(direction, name)
    assert list(names_in(tmp_path)) == ["age"]


def test_a_rounded_vector_takes_half_the_space_and_comes_home_equal(tmp_path) -> None:
    exact = Direction("exact", Space.W, torch.randn(4000))
    rounded = Direction("rounded", Space.W, exact.vector.half().float())
    paths = [save_direction(direction, tmp_path) for direction in (exact, rounded)]
    for direction, path in zip((exact, rounded), paths, strict=True):
        again = load_direction(path)
        assert same(direction, again) and again.vector.dtype is torch.float32
    assert paths[0].stat().st_size - paths[1].stat().st_size > 7000


def test_a_flow_moves_the_same_after_its_file(tmp_path) -> None:
    generator, bank = toy_bank(tmp_path / "bank", 500)
    flow = Flow(attribute="smile", samples=500, epochs=2).discover(generator, bank)[0]
    again = load_direction(save_direction(flow, tmp_path))
    latent = Latent(Space.W, torch.randn(3, 12, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(flow.apply(latent, 1.5).values, again.apply(latent, 1.5).values)


@pytest.mark.parametrize(
    "story", [{}, {"form": "line"}, {"form": "cube", "name": "a", "space": "W"}, {"space": "Q"}]
)
def test_a_damaged_story_is_one_line(story: dict, tmp_path) -> None:
    path = Archive("direction", {"vector": torch.ones(3)}, story).save(tmp_path / "a.direction.safetensors")
    with pytest.raises(BadFile, match="damaged") as caught:
        load_direction(path)
    assert "\n" not in str(caught.value)


def test_values_that_are_not_numbers_are_refused(tmp_path) -> None:
    path = save_direction(Direction("a", Space.W, torch.tensor([1.0, torch.nan])), tmp_path)
    with pytest.raises(BadFile):
        load_direction(path)


def test_a_name_cannot_leave_its_folder(tmp_path) -> None:
    with pytest.raises(BadInput, match="cannot be a name"):
        save_direction(Direction("../a", Space.W, torch.ones(2)), tmp_path)
