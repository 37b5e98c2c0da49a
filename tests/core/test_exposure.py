"""The curve for photos that are too dark or too bright: only where needed, always undone."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.exposure import FURTHEST, MOST, USUAL, Exposure, exposure_from, exposure_of


def picture(low: float, high: float):
    """Brightness from low to high, [1 3 64 64] in [-1, 1]."""
    shares = torch.linspace(low, high, 64 * 64).reshape(1, 1, 64, 64)
    return shares.repeat(1, 3, 1, 1) * 2 - 1


@pytest.mark.parametrize("ends", [(0.1, 0.9), (0.2, 0.3), (0.5, 1.0)])
def test_a_usual_photo_is_left_as_it_is(ends) -> None:
    image = picture(*ends)
    exposure = exposure_of(image)
    assert exposure.usual and exposure.stretched(image) is image and exposure.restored(image) is image


@pytest.mark.parametrize("ends", [(0.0, 0.1), (0.02, 0.3), (0.8, 1.0), (0.0, 0.01)])
def test_a_dark_or_bright_one_comes_to_a_usual_brightness_and_back(ends) -> None:
    image = picture(*ends)
    exposure = exposure_of(image)
    shown = exposure.stretched(image)
    assert not exposure.usual
    if ends[1] > 1 / MOST:
        assert USUAL[0] - 0.01 <= float((shown.median() + 1) / 2) <= USUAL[1] + 0.01
    torch.testing.assert_close(exposure.restored(shown), image, atol=2e-3, rtol=0)


def test_a_black_picture_stays_dark() -> None:
    black = torch.full((1, 3, 16, 16), -1.0)
    assert float(exposure_of(black).stretched(black).max()) == -1


def test_the_story_keeps_it_and_nothing_else_is_believed() -> None:
    assert exposure_from({"exposure": [4.0, 0.5]}) == Exposure(4.0, 0.5)
    odd = (None, 2.0, [1.0], [MOST * 2, 1.0], [1.0, FURTHEST[1] * 2], ["1", "2"], [float("nan"), 1.0])
    for told in odd:
        assert exposure_from({"exposure": told}).usual
