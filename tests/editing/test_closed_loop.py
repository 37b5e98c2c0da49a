"""The closed loop and calibration, on pictures whose scores are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, UnknownName
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.editing.calibrate import Calibrate, strength_for
from latentlab.editing.reach import Goal, Limits, Reach
from latentlab.networks.tiny import tiny_generator

AGE = Direction("age", Space.W, torch.zeros(2), "years", 10.0)
YAW = Direction("yaw", Space.W, torch.zeros(2), "degrees", 8.0)


class Plain:
    """A picture whose first row holds the scores themselves."""

    names = ("age", "yaw", "glasses")

    def __call__(self, images: Tensor) -> Tensor:
        return images[:, 0, 0, :3]


def world(age=lambda a: 30 + 10 * a, yaw=lambda y: 5 + 8 * y, entangled: float = 0.0):
    """Renders pictures whose scores follow from the strengths; `entangled` lets age turn the head and add glasses."""

    def render(strengths) -> Tensor:
        named = {direction.name: value for direction, value in strengths.items()}
        a, y = named.get("age", 0.0), named.get("yaw", 0.0)
        picture = torch.zeros(1, 3, 4, 4)
        picture[0, 0, 0, :3] = torch.tensor([age(a), yaw(y) + entangled * a, 0.1 * abs(a)])
        return picture

    return render


def alike(one: Tensor, other: Tensor) -> Tensor:
    """Ten years cost a tenth of the likeness."""
    return 1 - (one - other)[:, 0, 0, 0].abs() / 100


@pytest.mark.parametrize(
    "curve",
    [
        lambda a: 30 + 10 * a,
        lambda a: 30 + 2 * a,
        lambda a: 30 + 25 * math.tanh(a),
        lambda a: 30 + 3 * a + a**3,
        lambda a: 30 + 10 * a + 2 * math.sin(5 * a),
        lambda a: 30 + 10 * math.floor(2 * a) / 2 + 5 * a,
    ],
    ids=["linear", "slow", "saturating", "cubic", "wavy", "steps"],
)
def test_a_goal_within_reach_is_reached(curve) -> None:
    goal = Goal(AGE, "age", 45.0)
    reached = Reach().solve(world(age=curve), [goal], Plain())
    assert reached.after["age"] == pytest.approx(45, abs=1.0)
    assert reached.evaluations <= 20
    assert reached.before["age"] == pytest.approx(30)


def test_a_goal_beyond_the_span_comes_as_near_as_may_be_and_says_so() -> None:
    from dataclasses import replace

    short = replace(AGE, span=(-2.0, 2.0))
    reached = Reach().solve(world(), [Goal(short, "age", 100.0)], Plain())
    assert reached.strengths["age"] == pytest.approx(2.0)
    assert "age" in reached.held_back
    (first, last) = reached.sentences([Goal(short, "age", 100.0)])
    assert "100 wished for, 50 reached" in first
    assert last.startswith("held back")


def test_goals_that_pull_at_each_other_are_solved_in_turns() -> None:
    goals = [Goal(AGE, "age", 50.0), Goal(YAW, "yaw", 0.0)]
    reached = Reach().solve(world(entangled=3.0), goals, Plain())
    assert reached.after["age"] == pytest.approx(50, abs=0.5)
    assert reached.after["yaw"] == pytest.approx(0, abs=0.3)


def test_identity_and_side_effects_shorten_the_move() -> None:
    goal = [Goal(AGE, "age", 60.0)]
    by_identity = Reach().solve(world(), goal, Plain(), Limits(min_identity=0.85), alike)
    assert by_identity.identity is not None
    assert by_identity.identity >= 0.85
    assert by_identity.after["age"] == pytest.approx(45, abs=0.5)
    assert "identity" in by_identity.held_back

    by_glasses = Reach().solve(world(), goal, Plain(), Limits(max_change={"glasses": 0.1}))
    assert by_glasses.after["glasses"] <= 0.1
    assert by_glasses.after["age"] == pytest.approx(40, abs=0.3)
    assert "glasses" in by_glasses.held_back


def test_what_is_already_so_needs_no_move() -> None:
    reached = Reach().solve(world(), [Goal(AGE, "age", 30.0)], Plain())
    assert reached.strengths == {"age": 0.0}
    assert reached.evaluations == 1


def test_wishes_that_nothing_measures_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'age'"):
        Reach().solve(world(), [Goal(AGE, "agee", 1.0)], Plain())
    with pytest.raises(BadInput, match="measure identity"):
        Reach().solve(world(), [Goal(AGE, "age", 1.0)], Plain(), Limits(min_identity=0.5))
    with pytest.raises(BadInput, match="not a number"):
        Reach().solve(world(), [Goal(AGE, "age", float("nan"))], Plain())


class Brightness:
    """Mean of the red channel."""

    names = ("red",)

    def __call__(self, images: Tensor) -> Tensor:
        return images[:, 0].mean(dim=(1, 2))[:, None]


def test_calibration_finds_the_step_that_the_scorer_reads() -> None:
    generator = tiny_generator()
    latent = Latent(Space.W, generator.map(draw_z(range(6), 32)).detach())
    probe = latent.values.clone().requires_grad_(True)
    score = Brightness()(generator.render(Latent(Space.W, probe)))
    (slope,) = torch.autograd.grad(score.sum(), [probe])
    direction = Direction("red", Space.W, 0.05 * slope.mean(0) / slope.mean(0).norm())

    known = Calibrate(widest=2.0, count=5).measure(generator, direction, "red", Brightness(), latent)

    moved = Brightness()(generator.render(direction.apply(latent, 1.0))) - Brightness()(
        generator.render(latent)
    )
    assert known.step == pytest.approx(float(moved.median()), rel=0.3)
    assert known.span is not None
    assert known.span[0] < 0 < known.span[1]
    assert strength_for(known, 3 * known.step) == pytest.approx(3)
