"""Components get names from what they do; doubles are merged; cards say what was measured."""

from __future__ import annotations

import torch

from latentlab.core.direction import Direction
from latentlab.core.latent import Space
from latentlab.metrics.card import card
from latentlab.metrics.leakage import Evaluate
from latentlab.metrics.naming import name_components
from tests.directions.toy import ToyGenerator, ToyScorer


def component(name: str, *entries: float) -> Direction:
    vector = torch.zeros(12)
    vector[: len(entries)] = torch.tensor(entries)
    return Direction(name, Space.W, vector)


def test_components_are_named_and_doubles_are_merged() -> None:
    generator, method = ToyGenerator(correlation=0.0), Evaluate(samples=50, psi=1.0)
    found = [
        component("c0", 0.0, 0.0, 1.0),
        component("c1", 0.0, 0.0, -0.99),
        component("c2", *[0.0] * 8, 1.0),
    ]
    named = name_components(found, [method.respond(generator, d, [ToyScorer()]) for d in found])
    assert [n.direction.name for n in named] == ["c0", "c2"]
    assert named[0].label == "smile+"
    assert named[1].label == "unknown"
    assert named[0].direction.story["attribute"] == "smile"


def test_a_card_holds_what_was_measured() -> None:
    generator, method = ToyGenerator(), Evaluate(samples=50, psi=1.0, least=50)
    direction = Direction("age", Space.W, component("age", 1.0).vector, unit="years", step=1.0)
    row = method.judge(direction, method.respond(generator, direction, [ToyScorer()]))
    text = card(direction, row, "age.png", "the toy scorer")
    assert "| age by one step | 1 (" in text
    assert "| glasses |" in text
    assert "![age" in text
    assert "Judged by: the toy scorer" in text
