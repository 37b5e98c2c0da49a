"""Distances between pictures: known values, symmetry, and what they are called."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.networks.perceptual import DiscriminatorDistance, ms_ssim, mse, psnr
from latentlab.networks.tiny import tiny_discriminator


def pictures(seed: int, size: int = 64, count: int = 2) -> Tensor:
    small = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(small, (size, size), mode="bilinear")


def test_the_mean_squared_error_of_a_known_shift() -> None:
    one = torch.zeros(2, 3, 4, 4)
    assert mse(one, one + 0.2).tolist() == pytest.approx([0.04, 0.04])
    assert psnr(one, one + 0.2).tolist() == pytest.approx([20.0, 20.0], abs=1e-3)


def test_one_scale_of_similarity_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    one, other = pictures(1, 16), pictures(2, 16)
    found = ms_ssim(one, other)
    for row in range(2):
        expected = metrics.structural_similarity(
            np.asarray(one[row]), np.asarray(other[row]), channel_axis=0, data_range=2, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False, full=True,
        )[1][:, 5:-5, 5:-5].mean()  # fmt: skip
        assert float(found[row]) == pytest.approx(max(float(expected), 1e-6), abs=2e-3)


@pytest.mark.parametrize("size", [8, 16, 64, 200])
def test_similarity_is_one_for_equal_pictures_and_falls_with_noise(size: int) -> None:
    one = pictures(1, size)
    noise = torch.randn(one.shape, generator=torch.Generator().manual_seed(0))
    assert ms_ssim(one, one).tolist() == pytest.approx([1, 1], abs=1e-4)
    assert (ms_ssim(one, one + 0.1 * noise) < 1).all()
    assert (ms_ssim(one, one + 0.4 * noise) < ms_ssim(one, one + 0.1 * noise)).all()


def test_pictures_of_two_sizes_are_not_compared() -> None:
    with pytest.raises(BadInput):
        ms_ssim(pictures(1, 16), pictures(1, 32))


def test_discriminator_features_are_a_distance_and_no_lpips() -> None:
    distance = DiscriminatorDistance(tiny_discriminator(resolution=32))
    one, other = pictures(1, 32), pictures(2, 32)
    assert torch.allclose(distance(one, one), torch.zeros(2), atol=1e-6)
    assert (distance(one, other) > 0).all()
    assert torch.allclose(distance(one, other), distance(other, one))
    assert "lpips" not in distance.name.lower()
    pair = torch.cat([one, other])
    alone = torch.cat([distance(pair[i : i + 1], one[:1]) for i in range(4)])
    assert torch.allclose(distance(pair, one[:1].expand(4, -1, -1, -1)), alone, atol=1e-5)


def test_discriminator_features_have_gradients_and_take_any_size() -> None:
    distance = DiscriminatorDistance(tiny_discriminator(resolution=32))
    one = pictures(1, 48).requires_grad_(True)
    (gradient,) = torch.autograd.grad(distance(one, pictures(2, 48)).sum(), [one])
    assert gradient.abs().sum() > 0
