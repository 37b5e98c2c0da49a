"""The judge of directions, on a generator whose truth is known."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, UnknownName, WrongGenerator
from latentlab.core.latent import Space
from latentlab.metrics.leakage import Evaluate, leakage_replicas, strongest, target_of
from tests.directions.toy import NAMES, ToyGenerator, ToyScorer


def direction(vector: list[float], **fields: object) -> Direction:
    padded = torch.zeros(12)
    padded[: len(vector)] = torch.tensor(vector)
    return Direction("age", Space.W, padded, **fields)  # type: ignore[arg-type]


def judged(vector: list[float], **fields: object):
    generator, found = ToyGenerator(), direction(vector)
    method = Evaluate(samples=100, psi=1.0, bootstraps=200, **fields)
    return method.judge(found, method.respond(generator, found, [ToyScorer()]))


def test_a_clean_direction_moves_its_target_alone() -> None:
    row = judged([1.0])
    assert row.step[0] == pytest.approx(1.0, abs=0.02)
    assert row.step[1] <= row.step[0] <= row.step[2]
    assert row.total_leakage[0] < 0.02
    assert row.monotony == 1.0
    assert row.works == 1.0


def test_what_is_dragged_along_is_measured_at_equal_target_change() -> None:
    slow, fast = judged([0.5, 0.25]), judged([1.0, 0.5])
    assert slow.leakage["glasses"][0] == pytest.approx(fast.leakage["glasses"][0], rel=0.05)
    assert slow.leakage["glasses"][0] > 0.3
    assert abs(slow.leakage["smile"][0]) < 0.05


def test_a_direction_that_runs_backwards_is_still_monotone_but_its_step_is_negative() -> None:
    row = judged([-1.0])
    assert row.step[0] < 0
    assert row.monotony == 1.0


def test_a_broken_face_ends_the_span() -> None:
    def embed(images):
        found = images[:, 0, :2, 0].mean(1, keepdim=True)
        return torch.where(found.abs() > 4, torch.nan, found)

    method = Evaluate(samples=100, psi=0.3, bootstraps=50, strengths=(-6.0, -1.0, 0.0, 1.0, 6.0))
    row = method.judge(
        direction([1.0]), method.respond(ToyGenerator(), direction([1.0]), [ToyScorer()], embed)
    )
    assert row.span == (-1.0, 1.0)
    assert row.identity is not None
    assert row.identity[0] > 0


def test_an_unnamed_component_is_called_after_what_it_changes_most() -> None:
    method = Evaluate(samples=50, psi=1.0)
    responses = method.respond(ToyGenerator(), direction([0.0, 0.1, 1.0]), [ToyScorer()])
    assert strongest(responses) == "smile"


def test_faces_that_cannot_be_measured_are_left_out() -> None:
    class Sometimes(ToyScorer):
        def __call__(self, images):
            scores = super().__call__(images)
            scores[::4, 1] = torch.nan
            return scores

    generator, found = ToyGenerator(), direction([1.0, 0.5])
    method = Evaluate(samples=100, psi=1.0, bootstraps=50, least=70)
    whole, part = (
        method.judge(found, method.respond(generator, found, [s])) for s in (ToyScorer(), Sometimes())
    )
    assert part.leakage["glasses"][0] == pytest.approx(whole.leakage["glasses"][0], rel=0.2)
    assert part.leakage["smile"] == whole.leakage["smile"]


def test_bad_questions_are_one_line() -> None:
    with pytest.raises(BadInput, match="must rise"):
        Evaluate(strengths=(0.0, 1.0))
    with pytest.raises(BadInput, match="out of range"):
        Evaluate(samples=3)
    with pytest.raises(UnknownName):
        target_of(Direction("ag", Space.W, torch.zeros(12)), NAMES)
    with pytest.raises(WrongGenerator):
        Evaluate(samples=10).respond(ToyGenerator(), direction([1.0], model="x"), [ToyScorer()])


class Twice(ToyScorer):
    """Age once more, as landmarks would see it."""

    names = (*NAMES, "landmark_yaw")
    units = {**ToyScorer.units, "landmark_yaw": "degrees"}  # noqa: RUF012

    def __call__(self, images):
        scores = super().__call__(images)
        return torch.cat([scores, 3 * scores[:, :1]], dim=1)


def test_another_measure_of_the_target_is_no_leakage(monkeypatch) -> None:
    from latentlab.scorers import twins

    generator, found = ToyGenerator(), direction([1.0])
    method = Evaluate(samples=60, psi=1.0, bootstraps=50, least=60)
    seen = method.respond(generator, found, [Twice()])
    assert method.judge(found, seen).total_leakage[0] > 0.3  # of age it is nothing else but a leak
    monkeypatch.setattr(twins, "TWINS", (frozenset({"age", "landmark_yaw"}),))
    row = method.judge(found, seen)
    assert row.total_leakage[0] < 0.03
    assert "landmark_yaw" not in row.leakage
    assert row.confirmed["landmark_yaw"][0] == pytest.approx(1.0, abs=0.05)


def test_replicas_of_the_leakage_begin_with_the_leakage() -> None:
    generator, found = ToyGenerator(), direction([1.0, 0.4])
    method = Evaluate(samples=60, psi=1.0, bootstraps=200, least=60)
    seen = method.respond(generator, found, [ToyScorer()])
    replicas, row = leakage_replicas(seen, "age", 200), method.judge(found, seen)
    assert replicas[0] == pytest.approx(row.total_leakage[0])
    assert len(replicas) == 201
    assert row.total_leakage[1] <= float(sorted(replicas[1:])[100]) <= row.total_leakage[2]


def test_what_nobody_looked_for_is_not_measured() -> None:
    row = judged([1.0])
    assert row.span is None
    assert row.identity is None


def test_identity_is_not_told_where_the_target_never_changed_that_much() -> None:
    generator, found = ToyGenerator(), direction([0.05])
    method = Evaluate(samples=30, psi=1.0, bootstraps=20, least=30)
    row = method.judge(
        found, method.respond(generator, found, [ToyScorer()], lambda images: images[:, 0, 0, :4])
    )
    assert row.identity is None


def test_strengths_reach_as_far_as_asked() -> None:
    assert Evaluate.reaching(2, samples=10).strengths == (-2.0, -1.0, 0.0, 1.0, 2.0)
    with pytest.raises(BadInput, match="`reach`"):
        Evaluate.reaching(0)


class Sided(ToyScorer):
    """Smile goes up in half of the faces and down in the others, whatever moves."""

    def __call__(self, images):
        scores = super().__call__(images)
        sides = torch.where(torch.arange(len(scores)) % 2 == 0, 1.0, -1.0)
        scores[:, 2] += sides * scores[:, 0]
        return scores


def test_changes_that_cancel_over_the_faces_do_not_cancel_face_by_face() -> None:
    generator, found = ToyGenerator(), direction([1.0])
    method = Evaluate(samples=100, psi=1.0, bootstraps=100, batch=50)
    even = method.judge(found, method.respond(generator, found, [ToyScorer()]))
    sided = method.judge(found, method.respond(generator, found, [Sided()]))
    assert sided.total_leakage[0] < 0.05
    assert sided.per_face[0] > 0.3 > even.per_face[0]
    assert sided.per_face[1] - 1e-3 <= sided.per_face[0] <= sided.per_face[2] + 1e-3


def test_leakage_for_each_step_grows_with_the_step_and_that_for_each_deviation_does_not() -> None:
    slow, fast = judged([0.5, 0.25]), judged([1.0, 0.5])
    assert fast.per_step[0] == pytest.approx(2 * slow.per_step[0], rel=0.1)
    assert fast.total_leakage[0] == pytest.approx(slow.total_leakage[0], rel=0.1)


def test_doing_nothing_twice_is_the_floor(monkeypatch) -> None:
    generator, found = ToyGenerator(), direction([1.0, 0.5])
    method = Evaluate(samples=100, psi=1.0, bootstraps=20, twice=True)
    assert (
        method.judge(found, method.respond(generator, found, [ToyScorer()])).floor is None
    )  # it has no noise

    def grainy(self, styles, noise=None, pivot=None, correction=None):
        image = still(self, styles)
        draw = torch.Generator().manual_seed(noise.seed or 0)
        return image + 0.1 * torch.randn(image.shape, generator=draw)

    still = ToyGenerator.forward
    monkeypatch.setattr(ToyGenerator, "forward", grainy)
    row = method.judge(found, method.respond(generator, found, [ToyScorer()]))
    assert 0 < row.floor < row.per_face[0]


def test_a_column_needs_enough_faces_and_two_scorers_that_agree() -> None:
    class Few(ToyScorer):
        def __call__(self, images):
            scores = super().__call__(images)
            scores[torch.arange(len(scores)) % 5 == 0, 1] = torch.nan
            return scores

    class Guess(ToyScorer):
        def __call__(self, images):
            scores = super().__call__(images)
            return torch.stack([scores[:, 0], scores[:, 1], -scores[:, 2]], dim=1)

    generator, found = ToyGenerator(), direction([1.0, 0.5])
    method = Evaluate(samples=120, psi=1.0, bootstraps=20)
    row = method.judge(found, method.respond(generator, found, [Few()], second=[Guess()]))
    assert "96 faces, 100 are needed" in row.left_out["glasses"]
    assert "agree by r = -1.00" in row.left_out["smile"]
    assert row.leakage == {}
    assert row.total_leakage == (0, 0, 0)
    with pytest.raises(BadInput, match="'glasses' was measured on 96 faces"):
        method.judge(found, method.respond(generator, found, [Few()]), "glasses")


def test_evaluation_seeds_are_other_faces_and_are_recorded() -> None:
    first, second = Evaluate.reaching(1, samples=100), Evaluate.reaching(1, seed=7, samples=100)
    assert second.first_seed - first.first_seed == 700_000
    found = direction([1.0])
    generator = ToyGenerator()
    assert (
        second.judge(found, second.respond(generator, found, [ToyScorer()])).first_seed == second.first_seed
    )
    with pytest.raises(BadInput, match="evaluation seed"):
        Evaluate.reaching(1, seed=-1)
