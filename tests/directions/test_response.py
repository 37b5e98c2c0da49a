"""A move is corrected by what it is seen to do: on a generator whose attributes bend, the linear fit leaks."""

from __future__ import annotations

import pytest
import torch

from latentlab.directions.joint import Joint
from latentlab.directions.moments import moments_of, resampled
from latentlab.directions.response import corrected, leak_of
from latentlab.metrics.leakage import Evaluate
from latentlab.scorers.bank import Bank, bank_key
from tests.directions.toy import ToyGenerator, ToyScorer, toy_bank


class Bent(ToyScorer):
    """Glasses also come with the cube of the smile: more among extreme faces than near the average one."""

    hash = "bent"

    def __call__(self, images):
        scores = super().__call__(images)
        return torch.cat([scores[:, :1], scores[:, 1:2] + 0.4 * scores[:, 2:] ** 3, scores[:, 2:]], dim=1)


@pytest.fixture(scope="module")
def bent(tmp_path_factory):
    generator, scorer = ToyGenerator(), Bent()
    bank = Bank.open(tmp_path_factory.mktemp("bent"), bank_key(generator, [scorer]), [scorer])
    bank.extend(4000, generator, [scorer], batch=250)
    return generator, bank


def leakage(generator, direction) -> float:
    method = Evaluate(samples=200, bootstraps=10, psi=0.3)
    return method.judge(direction, method.respond(generator, direction, [Bent()])).total_leakage[0]


def test_a_corrected_direction_leaks_less_on_fresh_faces_than_the_linear_one(bent) -> None:
    generator, bank = bent
    linear, seen = (
        Joint(attribute="smile", samples=4000, rounds=rounds, around=0.3).discover(generator, bank)[0]
        for rounds in (0, 3)
    )
    assert leakage(generator, linear) > 0.1
    assert leakage(generator, seen) < 0.4 * leakage(generator, linear)
    assert seen.story["corrected_leakage"] < 0.5 * seen.story["linear_leakage"]
    assert "corrected_leakage" not in linear.story


def test_a_corrected_step_is_a_step_as_seen(bent) -> None:
    generator, bank = bent
    found = Joint(attribute="smile", samples=4000, around=0.3).discover(generator, bank)[0]
    method = Evaluate(samples=200, bootstraps=10, psi=0.3)
    row = method.judge(found, method.respond(generator, found, [Bent()]))
    assert row.step[0] == pytest.approx(found.step, rel=0.05)


def test_without_scorers_at_hand_the_linear_fit_stands(bent) -> None:
    generator, bank = bent
    bare = Bank(bank.folder, bank.key)
    one, two = (
        Joint(attribute="smile", samples=4000, rounds=rounds, around=0.3).discover(generator, bare)[0]
        for rounds in (0, 3)
    )
    assert torch.equal(one.vector, two.vector)


def test_corrections_solve_a_response_that_mixes_and_bends() -> None:
    mix = torch.tensor([[1.0, 0.3, 0.0], [0.4, 0.8, -0.2], [-0.3, 0.1, 1.1]]).double()

    def respond(move):
        seen = mix @ move
        return seen + torch.tensor([0.0, 0.2, -0.1]).double() * seen[0] ** 3

    moves, damping = torch.eye(3).double(), torch.eye(3).double()
    found = corrected(respond, moves, damping, 0, 6)
    assert found.before > 0.3
    assert found.after < 0.01
    assert float(respond(found.move)[0]) == pytest.approx(1.0, abs=0.05)


def test_no_round_makes_it_worse_and_a_deaf_target_is_left_alone() -> None:
    def against(move):  # corrections run the wrong way
        return torch.stack([move[0], 0.3 - 5 * move[1]])

    moves, damping = torch.eye(2).double(), torch.eye(2).double()
    assert corrected(against, moves, damping, 0, 4).after <= 0.3
    deaf = corrected(lambda move: torch.zeros(2).double(), moves, damping, 0, 4)
    assert torch.equal(deaf.move, moves[:, 0])
    assert leak_of(torch.tensor([1.0]), 0) == 0.0


def test_moments_of_blocks_are_those_of_all_samples_in_memory(tmp_path) -> None:
    generator, bank = toy_bank(tmp_path, 1500)
    seen = moments_of(bank, ("age", "smile"), 1300, generator.w_width)
    whole = bank.read(1300)
    w, scores = whole.w.double(), torch.stack([whole.column("age"), whole.column("smile")], 1).double()
    assert torch.allclose(seen.mean, w.mean(0))
    assert torch.allclose(seen.covariance, torch.cov(w.T, correction=0), atol=1e-9)
    cross = (w - w.mean(0)).T @ (scores - scores.mean(0)) / 1300
    assert torch.allclose(seen.cross, cross, atol=1e-9)
    assert torch.allclose(seen.score_variance, scores.var(0, correction=0), atol=1e-9)
    along = seen.scaled(torch.eye(12).double()[0], 2.0)
    assert float(along[0] * cross[0, 0] / seen.covariance[0, 0]) == pytest.approx(2.0)


def test_resampled_moments_vary_round_the_whole(tmp_path) -> None:
    generator, bank = toy_bank(tmp_path, 1000)
    whole, *replicas = resampled(bank, ("age",), 1000, generator.w_width, 30, 0)
    spread = torch.stack([one.mean for one in replicas]).std(0)
    expected = (whole.covariance.diagonal() / 1000).sqrt()
    assert float((spread / expected).mean()) == pytest.approx(1.0, abs=0.25)
    again = resampled(bank, ("age",), 1000, generator.w_width, 2, 0)
    assert torch.equal(again[1].mean, replicas[0].mean)
