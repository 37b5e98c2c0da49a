"""DCI at its extremes."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.core.errors import BadInput
from latentlab.metrics.disentanglement import Dci


def test_coordinates_that_are_the_attributes_score_one() -> None:
    latents = np.random.RandomState(0).randn(400, 6)
    result = Dci().measure(latents, latents[:, :3])
    assert min(result.disentanglement, result.completeness, result.informativeness) > 0.99


def test_a_rotated_space_is_informative_but_entangled() -> None:
    draw = np.random.RandomState(0)
    latents = draw.randn(800, 6)
    rotation = np.linalg.qr(draw.randn(6, 6))[0]
    result = Dci().measure(latents, (latents @ rotation)[:, :3])
    assert result.informativeness > 0.95
    assert result.disentanglement < 0.6
    assert result.completeness < 0.6


def test_noise_is_not_informative() -> None:
    draw = np.random.RandomState(0)
    assert Dci().measure(draw.randn(300, 6), draw.randn(300, 3)).informativeness < 0.05


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 20"):
        Dci().measure(np.zeros((5, 3)), np.zeros((5, 2)))
