"""Translators that draw a change of the picture begin near the picture, and can still paint any colour over it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from latentlab.networks.build import build
from latentlab.networks.change import changed

KINDS: dict[str, dict[str, Any]] = {
    "resnet": {"width": 4, "blocks": 1},
    "makeup_generator": {"width": 4, "blocks": 1},
    "attention_generator": {"size": 16, "width": 4, "blocks": 1, "light": True},
}


def answer(kind: str, images: Tensor, **more: Any) -> Tensor:
    network = build(kind, {**KINDS[kind], **more}, seed=3)
    given = (images, images.flip(0)) if kind == "makeup_generator" else (images,)
    with torch.no_grad():
        found = network(*given)
    return found if isinstance(found, Tensor) else found[0]


@pytest.mark.parametrize("kind", KINDS)
def test_at_first_the_picture_hardly_changes(kind: str) -> None:
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
    near, far = (float((answer(kind, images, adds=adds) - images).abs().mean()) for adds in (True, False))
    assert 0 < near < 0.15 < 0.3 < far


def test_any_colour_stays_in_range_and_what_is_told_beside_the_picture_is_left_out() -> None:
    told = torch.full((1, 4, 2, 2), 0.5)
    assert changed(told, torch.full((1, 3, 2, 2), -1.0)).unique().tolist() == [-0.5]
    assert changed(told, torch.ones(1, 3, 2, 2)).unique().tolist() == [1.0]
