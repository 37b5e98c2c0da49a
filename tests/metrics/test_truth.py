"""Nearness to the truth: a perfect move gains all there is, none gains nothing, and a wrong one loses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.latent import Space
from latentlab.core.pivot import Pivot
from latentlab.metrics.truth import coarse_lab, distances, nearness
from tests.directions.test_counterfactual import MOVE, PEOPLE, toy_pairs
from tests.directions.toy import WIDTH


def judged(factor: float, noise: float = 0.3, step: float = 1.0):
    generator, pairs = toy_pairs(noise)
    direction = Direction("smile", Space.W_PLUS, factor * MOVE.repeat(2, 1), step=step, model=generator.hash)
    return {(row.start, row.measure): row for row in nearness(generator, direction, pairs, 1.0)}


def test_the_true_move_is_the_truth_where_inversion_has_no_part() -> None:
    row = judged(1.0)["true", "pixels"]
    assert row.n == PEOPLE
    assert row.edit == pytest.approx(0, abs=1e-6)
    assert row.gain[0] == pytest.approx(row.nothing)
    assert row.gain[1] > 0
    assert judged(1.0, noise=0.01)["true", "pixels"].best < row.nothing


def test_a_change_can_be_carried_to_the_true_picture() -> None:
    generator, pairs = toy_pairs(0.3)
    direction = Direction("smile", Space.W_PLUS, MOVE.repeat(2, 1), step=1.0, model=generator.hash)
    asked = []

    def carry(first: Tensor, unmoved: Tensor, after: Tensor, strength: float) -> Tensor:
        asked.append((len(first), strength))
        return first + after - unmoved  # what `true` does

    rows = {(row.start, row.measure): row for row in nearness(generator, direction, pairs, 1.0, carry=carry)}
    assert rows["carried", "pixels"].gain == pytest.approx(rows["true", "pixels"].gain)
    assert pairs.truth is not None
    assert asked == [(1, float(step)) for step in pairs.truth.steps] * 2  # the edit, then the best latent


def test_people_without_a_face_in_one_picture_are_left_out_of_a_measure() -> None:
    generator, pairs = toy_pairs(0.3)
    direction = Direction("smile", Space.W_PLUS, MOVE.repeat(2, 1), step=1.0, model=generator.hash)
    calls = iter(range(99))

    def gappy(images: Tensor, truth: Tensor) -> dict[str, Tensor]:
        values = (images - truth).abs().flatten(1).mean(1)
        values[next(calls) % 3] = float("nan")
        return {"gappy": values}

    (row, *_) = nearness(generator, direction, pairs, 1.0, gappy)
    assert row.n == PEOPLE - 3
    assert row.gain[0] == pytest.approx(row.nothing - row.edit, abs=1e-6)


def test_an_inverted_start_keeps_the_error_of_its_inversion() -> None:
    found = judged(1.0)
    assert found["inverted", "pixels"].edit > 0.5 * found["inverted", "pixels"].nothing
    assert found["inverted", "pixels"].gain[0] < found["true", "pixels"].gain[0]


def test_a_move_that_goes_the_wrong_way_is_worse_than_nothing() -> None:
    row = judged(-1.0)["true", "pixels"]
    assert row.gain[2] < 0
    none = judged(0.0)["true", "pixels"]
    assert none.gain == pytest.approx((0, 0, 0), abs=1e-6)


def test_the_unit_of_the_pairs_is_turned_into_steps_of_the_direction() -> None:
    assert judged(2.0, step=2.0)["true", "pixels"].edit == pytest.approx(0, abs=1e-6)


def test_equal_pictures_are_no_distance_apart_and_colours_are_in_lab() -> None:
    pictures = 0.5 * torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = dict(distances(pictures, pictures))
    assert found.pop("landmarks", torch.tensor([torch.nan] * 2)).isnan().all()  # noise has no face
    for name, values in found.items():
        assert values.tolist() == pytest.approx([0, 0], abs=1e-5), name
    white, black = torch.ones(1, 3, 16, 16), -torch.ones(1, 3, 16, 16)
    assert distances(white, black)["colour"].item() == pytest.approx(100, abs=0.1)
    assert coarse_lab(white)[0, :, 0, 0].tolist() == pytest.approx([100, 0, 0], abs=0.1)


def test_a_latent_with_a_pivot_is_passed_over_and_truth_is_needed() -> None:
    generator, pairs = toy_pairs()
    direction = Direction("smile", Space.W_PLUS, torch.zeros(2, WIDTH), model=generator.hash)
    twice = replace(
        pairs, before=pairs.before.with_values(pairs.before.values.repeat(2, 1, 1)),
        after=pairs.after.with_values(pairs.after.values.repeat(2, 1, 1)),
        truth=replace(pairs.truth, who=torch.arange(PEOPLE).repeat(2), pivots=(None,) * PEOPLE + (Pivot({}),) * PEOPLE),
    )  # fmt: skip
    rows = nearness(generator, direction, twice, 1.0)
    assert {row.start for row in rows} == {"true", "inverted"}
    assert {row.n for row in rows} == {PEOPLE}
    with pytest.raises(BadInput, match="true pictures"):
        nearness(generator, direction, replace(pairs, truth=None), 1.0)
