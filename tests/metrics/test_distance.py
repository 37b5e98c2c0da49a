"""Distances of distributions come out as on paper, and bear honest names."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.latent import Space as LatentSpace
from latentlab.metrics.distance import frechet_distance, kernel_distance
from latentlab.metrics.features import Space, discriminator_space, inception_space
from latentlab.metrics.path_length import path_length
from latentlab.metrics.precision_recall import precision_recall
from latentlab.networks.tiny import tiny_discriminator, tiny_generator


def draws(count: int, seed: int, mean: float = 0.0, scale: float = 1.0, width: int = 4) -> Tensor:
    return (
        torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scale
        + mean
    )


def test_the_same_samples_are_at_no_distance() -> None:
    x = draws(200, 0)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_the_frechet_distance_of_two_gaussians_is_that_on_paper() -> None:
    # |μ|² · width + width · (σ - 1)²
    seen = frechet_distance(draws(40_000, 0), draws(40_000, 1, mean=0.5, scale=2.0))
    assert seen == pytest.approx(4 * 0.25 + 4 * 1.0, rel=0.03)


def test_the_frechet_distance_knows_correlation() -> None:
    turn = torch.linalg.qr(draws(4, 5))[0]
    spread = torch.tensor([3.0, 1, 1, 0.1], dtype=torch.float64)
    x, y = draws(20_000, 0) * spread, draws(20_000, 1) * spread @ turn
    from scipy.linalg import sqrtm

    first, second = x.T.cov(), y.T.cov()
    expected = (
        (x.mean(0) - y.mean(0)).square().sum()
        + (first + second).trace()
        - 2 * sqrtm((first @ second).numpy()).real.trace()
    )
    assert frechet_distance(x, y) == pytest.approx(float(expected), rel=1e-6)


def test_more_dimensions_than_samples_stay_finite() -> None:
    assert 0 < frechet_distance(draws(10, 0, width=64), draws(10, 1, width=64)) < 1e4


def test_the_kernel_distance_is_unbiased_and_grows() -> None:
    same = kernel_distance(draws(500, 0), draws(500, 1), subsets=20, size=200)
    far = kernel_distance(draws(500, 0), draws(500, 1, mean=1.0), subsets=20, size=200)
    assert abs(same.distance) < 3 * same.deviation / 20**0.5 + 0.02
    assert far.distance > 10 * abs(same.distance)


def test_precision_and_recall_tell_missing_modes_from_bad_samples() -> None:
    left, right = draws(300, 0, mean=-10), draws(300, 1, mean=10)
    real = torch.cat([left, right])
    narrow = precision_recall(real, draws(300, 2, mean=-10))
    assert narrow.precision > 0.9
    assert 0.4 < narrow.recall < 0.55
    wild = precision_recall(left, torch.cat([draws(150, 3, mean=-10), draws(150, 4, mean=40)]))
    assert 0.4 < wild.precision < 0.55
    assert wild.recall > 0.8


@pytest.mark.parametrize("bad", [torch.zeros(1, 4), torch.zeros(5, 3), torch.full((5, 4), float("nan"))])
def test_features_that_cannot_be_compared_are_refused(bad: Tensor) -> None:
    with pytest.raises(BadInput):
        frechet_distance(draws(10, 0), bad)


def test_too_few_samples_for_the_neighbours_are_refused() -> None:
    with pytest.raises(BadInput, match="3 neighbours"):
        precision_recall(draws(3, 0), draws(10, 1))


def test_only_inception_makes_it_a_fid() -> None:
    assert Space("inception", torch.flatten).called("Fréchet distance") == "FID"
    assert (
        Space("judge features", torch.flatten).called("Fréchet distance")
        == "Fréchet distance (judge features)"
    )


def test_inception_without_weights_says_what_is_missing(tmp_path: Any) -> None:
    with pytest.raises(MissingPart, match="FID needs"):
        inception_space(tmp_path / "none.pth")


def test_torchvision_can_be_imported_beside_a_cpu_torch() -> None:
    pytest.importorskip("torch")
    code = (
        "from latentlab.core.vision_operators import declare_vision_operators as declare\ndeclare()\ndeclare()\n"
        "import torch\nassert torch.ops.torchvision.nms is not None"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_discriminators_features_are_a_space() -> None:
    space = discriminator_space(tiny_discriminator(resolution=16))
    features = space.of([torch.zeros(2, 3, 16, 16), torch.ones(1, 3, 16, 16)])
    assert features.shape[0] == 3
    assert not torch.equal(features[0], features[2])


def squared(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).double().square().mean((1, 2, 3))


@pytest.mark.parametrize("space", [LatentSpace.W, LatentSpace.Z])
def test_a_path_length_does_not_depend_on_the_batch_much_or_on_the_step(space: LatentSpace) -> None:
    generator = tiny_generator(resolution=8).double()
    small, large = (path_length(generator, squared, 32, space, epsilon=e, batch=32) for e in (1e-4, 1e-3))
    assert small == pytest.approx(large, rel=0.05)
    assert small > 0


def test_a_linear_world_has_the_path_length_of_its_distances() -> None:
    class Line:
        layers, z_width, device = 1, 3, torch.device("cpu")

        def map(self, z: Tensor) -> Tensor:
            return z.double()

        def styles(self, w: Tensor) -> Tensor:
            return w[:, 0]

        def __call__(self, styles: Tensor) -> Tensor:
            return styles[:, :, None, None]

    from latentlab.core.seeds import draw_z

    line: Any = Line()
    z = draw_z(range(0, 400), 3).double()
    expected = (z[:200] - z[200:]).square().mean(1)
    trimmed = expected.sort().values[2:-2].mean()
    assert path_length(line, squared, 200, batch=200) == pytest.approx(float(trimmed), rel=0.02)
