"""Steady squares: even motion stays, trembling goes; runs end at cuts and long gaps."""

from __future__ import annotations

import torch

from latentlab.faces.steady import smooth, steady_crops
from latentlab.faces.template import template
from latentlab.studio.clips.people import BRIDGE, Person


def moving(count: int, tremble: float = 0.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    course = torch.arange(count, dtype=torch.float64)[:, None, None] * torch.tensor([2.0, 1.0])
    noise = tremble * torch.randn(count, 1, 2, generator=random, dtype=torch.float64)
    return template(100).double() + 100 + course + noise


def test_what_grows_evenly_stays_as_it_is() -> None:
    even = torch.linspace(0, 9, 10, dtype=torch.float64)[:, None]
    assert torch.allclose(smooth(even, 2.0), even)
    assert torch.equal(smooth(even[:1], 2.0), even[:1])


def test_trembling_squares_become_steady() -> None:
    still, shaken = (
        torch.tensor(
            [crop.centre for crop in steady_crops(moving(30, tremble), (640, 480), 256)], dtype=torch.float64
        )
        for tremble in (0.0, 2.0)
    )
    raw = moving(30, 2.0).mean(1) - moving(30).mean(1)
    assert (shaken - still).diff(dim=0).square().mean() < 0.2 * raw.diff(dim=0).square().mean()


def test_small_gaps_are_bridged_long_ones_and_cuts_are_not() -> None:
    frames = torch.tensor([0, 1, 4, 5, 6 + BRIDGE + 1, 7 + BRIDGE + 1])
    points = moving(40)[frames].float()
    person = Person(frames, points, torch.ones(len(frames)))
    runs = person.runs(())
    assert [every.tolist() for every, _ in runs] == [[0, 1, 2, 3, 4, 5], [15, 16]]
    assert torch.allclose(runs[0][1], moving(40)[:6].float(), atol=1e-3)
    assert [every.tolist() for every, _ in person.runs((5,))] == [[0, 1, 2, 3, 4], [5], [15, 16]]
