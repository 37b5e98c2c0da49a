"""A span ends where pictures stop being right, by whichever measure comes first, and says which it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.metrics.spans import ASTRAY, LOST, STILL, STRANGER, TEARS, Look, Spans

FACES = 8


def fine(strength: float, step: float = 2.0) -> Look:
    """Faces that do what was asked, all of them, at any strength."""
    zeros = torch.zeros(FACES)
    return Look(zeros, torch.ones(FACES, dtype=torch.bool), zeros, zeros, zeros + strength * step)


def broken(measure: str, value: object, faces: int = FACES):
    """Fine up to a strength of 1.6; beyond, so many faces read `value` in a measure."""

    def look(strength: float) -> Look:
        seen = fine(strength)
        if strength <= 1.6:
            return seen
        read = getattr(seen, measure).clone()
        read[:faces] = value
        return replace(seen, **{measure: read})

    return look


def test_pictures_that_stay_right_go_as_far_as_was_tried() -> None:
    span = Spans(widest=2.5).find(fine, step=2.0)
    assert (span.low, span.high, span.ends) == (-2.5, 2.5, ("", ""))
    assert list(span.seen) == [-2.5, -2.0, -1.0, 0.0, 1.0, 2.0, 2.5]


@pytest.mark.parametrize(
    ("measure", "value", "words"),
    [("torn", 0.5, TEARS), ("found", False, LOST), ("astray", 0.4, ASTRAY), ("apart", 0.7, STRANGER)],
)
def test_a_span_ends_half_a_strength_before_what_is_wrong(measure: str, value: object, words: str) -> None:
    span = Spans().find(broken(measure, value), step=2.0)
    assert (span.low, span.high) == (-4.0, 1.5)
    assert span.ends == ("", words)
    assert set(span.seen[2.0].medians()) == {"found", "torn", "astray", "apart", "target"}


def test_few_faces_may_be_wrong_and_more_may_not() -> None:
    assert Spans().find(broken("torn", 0.5, faces=2), step=2.0).high == 4.0
    assert Spans().find(broken("torn", 0.5, faces=3), step=2.0).high == 1.5


def test_a_span_ends_where_the_judge_sees_nothing_move_not_even_in_the_faces_that_move_most() -> None:
    def full(strength: float) -> Look:
        return replace(fine(strength), target=fine(min(strength, 1.5)).target)

    def in_some(strength: float) -> Look:
        target = full(strength).target.clone()
        target[:2] = 2.0 * strength
        return replace(fine(strength), target=target)

    assert Spans().find(full, step=2.0).high == 2.0  # half of the last strength still moved
    assert Spans().find(full, step=2.0).ends == ("", STILL)
    assert Spans().find(in_some, step=2.0).high == 4.0
    assert Spans().find(full, step=0.0).high == 4.0, "nobody judges it"


def test_limits_that_are_none_are_refused() -> None:
    for fields in ({"widest": 0.0}, {"torn": 2.0}, {"pace": -1.0}):
        with pytest.raises(BadInput):
            Spans(**fields)
