"""A direction taught by pictures before and after: it learns the true change, and nothing that inversion got wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.latent import Latent, Space
from latentlab.core.pairs import LatentPairs, Truth
from latentlab.core.pivot import Pivot
from latentlab.directions.counterfactual import Counterfactual, multiscale, where_it_changes
from tests.directions.toy import WIDTH, ToyGenerator, ToyScorer

PEOPLE = 12
MOVE = 0.1 * torch.eye(WIDTH)[2]  # of a smile, in both layers


def toy_pairs(noise: float = 0.0, scorers=()) -> tuple[ToyGenerator, LatentPairs]:
    """People smile by -2 to 2 steps; their latents are `noise` off, but each pair by the same."""
    generator, draw = ToyGenerator(), torch.Generator().manual_seed(1)
    true = 0.3 * torch.randn(PEOPLE, 2, WIDTH, generator=draw)
    steps = torch.tensor([2.0, -2.0, 1.0, -1.0]).repeat(3)
    after = true + steps[:, None, None] * MOVE
    off = noise * torch.randn(PEOPLE, 2, WIDTH, generator=draw)
    pictures = (generator.render(Latent(Space.W_PLUS, values)) for values in (true, after))
    wrong = 0.3 * torch.randn(PEOPLE, 2, WIDTH, generator=draw)  # how the latent moves lies besides
    truth = Truth(*pictures, steps, torch.arange(PEOPLE), (), scorers)
    before = true + off
    return generator, LatentPairs(
        Latent(Space.W_PLUS, before), Latent(Space.W_PLUS, after + off + noise * wrong), truth
    )


def error(direction) -> float:
    return float((direction.vector - MOVE).norm() / (2**0.5 * MOVE.norm()))


def test_equal_pairs_give_the_move_itself() -> None:
    generator, pairs = toy_pairs()
    (found,) = Counterfactual(steps=0, ridge=0.0).discover(generator, pairs)
    assert found.space is Space.W_PLUS
    assert error(found) < 1e-4


@pytest.mark.parametrize("scorers", [(), (ToyScorer(),)])
def test_pictures_mend_what_inversion_got_wrong(scorers) -> None:
    generator, pairs = toy_pairs(0.5, scorers)
    (start,) = Counterfactual(steps=0, ridge=0.0).discover(generator, pairs)
    method = Counterfactual(
        steps=150,
        ridge=0.0,
        learning_rate=0.03,
        length=0.0,
        structure=0.1,
        answer="true",
        focus=0.0,
        target=1.0,
    )
    (found,) = method.discover(generator, pairs)
    assert error(start) > 0.3
    assert error(found) < 0.5 * error(start)
    assert found.story["n"] == PEOPLE
    assert ("scores" in found.story["errors"]) == bool(scorers)


def test_the_answer_may_be_what_the_network_draws() -> None:
    """Its own picture of the latents after the change, though the true pictures show no change at all."""
    generator, pairs = toy_pairs()
    assert pairs.truth is not None
    still = replace(pairs, truth=replace(pairs.truth, after=pairs.truth.before))
    method = Counterfactual(steps=150, ridge=10.0, learning_rate=0.03, length=0.0)
    (own,) = method.discover(generator, still)
    (told,) = replace(method, answer="true").discover(generator, still)
    assert error(own) < 0.3
    assert float(told.vector.norm()) < 0.3 * float(own.vector.norm())


def test_pixels_weigh_more_where_the_truth_changes() -> None:
    before, after = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    after[..., :8, :8] = 1
    weights = where_it_changes(before, after, 2.0)
    assert float(weights.mean()) == pytest.approx(1, abs=1e-5)
    assert float(weights[..., :4, :4].min()) > 10 * float(weights[..., 32:, 32:].max())
    assert where_it_changes(before, after, 0.0).unique().tolist() == [1.0]
    assert where_it_changes(before, before, 2.0).isfinite().all()


def test_only_the_layers_asked_for_move() -> None:
    generator, pairs = toy_pairs()
    (found,) = Counterfactual(steps=3, layers=(1, 1)).discover(generator, pairs)
    assert not found.vector[0].any()
    assert found.vector[1].any()


def test_a_pivot_goes_with_its_own_latent(monkeypatch) -> None:
    generator, pairs = toy_pairs()
    pivots = (None, Pivot({}, {}, "a"), *[None] * (PEOPLE - 2))
    seen: list[tuple[int, str]] = []
    drawn = type(generator).forward

    def forward(self, styles, noise=None, pivot=None, correction=None):
        seen.append((len(styles), pivot.model if pivot else ""))
        return drawn(self, styles)

    monkeypatch.setattr(type(generator), "forward", forward)
    given = replace(pairs, truth=replace(pairs.truth, pivots=pivots))
    (found,) = Counterfactual(steps=4, batch=6).discover(generator, given)
    assert found.story["pivots"] == 1
    assert {count for count, model in seen if model} == {1}
    assert any(not model for _, model in seen)


def test_coarse_and_fine_errors_both_count() -> None:
    flat, checks = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), 0.5)
    checks[..., ::2] *= -1
    assert float(multiscale(flat)) == pytest.approx(2.0)
    assert float(multiscale(checks)) == pytest.approx(0.5)


def test_what_cannot_teach_is_one_line() -> None:
    generator, pairs = toy_pairs()
    method = Counterfactual(steps=1)
    with pytest.raises(MissingPart, match="`wish`"):
        method.discover(generator, None)
    with pytest.raises(BadInput, match="12 pictures before and 5 after"):
        method.discover(generator, LatentPairs(pairs.before, pairs.after[slice(0, 5)]))
    with pytest.raises(BadInput, match="do not belong to 12 pairs"):
        method.discover(generator, replace(pairs, truth=replace(pairs.truth, who=torch.arange(3))))
    with pytest.raises(BadInput, match="0 steps apart"):
        method.discover(generator, replace(pairs, truth=replace(pairs.truth, steps=torch.zeros(PEOPLE))))
    with pytest.raises(BadInput, match="out of range"):
        Counterfactual(people=1)
    with pytest.raises(BadInput, match="out of range"):
        Counterfactual(pixels=-1.0)
