"""Distances between pictures, pair by pair: MSE, MS-SSIM, features of a discriminator; LPIPS is in `lpips.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.shapes import Images

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the five scales of MS-SSIM, the finest first."""
WINDOW, SIGMA = 11, 1.5
EPSILON = 1e-10


def mse(one: Images, other: Images) -> Tensor:
    """Mean squared error on the [-1, 1] scale, [n]."""
    return (one - other).square().flatten(1).mean(dim=1)


def psnr(one: Images, other: Images) -> Tensor:
    """Peak signal-to-noise ratio in decibels, [n]."""
    return 10 * torch.log10(4 / mse(one, other).clamp_min(1e-12))


def ms_ssim(one: Images, other: Images) -> Tensor:
    """Multi-scale structural similarity (Wang et al. 2003), [n], 1 for equal pictures; images in [-1, 1].

    Pictures under 176 pixels have fewer scales, the weights of those left are renormalised; data range 2.
    """
    if one.shape != other.shape or one.ndim != 4:
        raise BadInput(
            f"pictures of the shapes {tuple(one.shape)} and {tuple(other.shape)} cannot be compared"
        )
    side = min(one.shape[-2:])
    fitting = [scale for scale in range(len(SCALES)) if side >> scale >= WINDOW] or [0]
    weights = torch.tensor(SCALES[: len(fitting)], dtype=one.dtype, device=one.device)
    weights = weights / weights.sum()

    product = one.new_ones(len(one))
    for scale in fitting:
        luminance, contrast = _ssim_terms(one, other, min(WINDOW, side))
        term = luminance * contrast if scale == fitting[-1] else contrast
        product = product * term.flatten(1).mean(dim=1).clamp_min(1e-6) ** weights[scale]
        one, other = avg_pool2d(one, 2), avg_pool2d(other, 2)
    return product


def _ssim_terms(one: Images, other: Images, window: int) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure maps (Wang et al. 2004, eq. 6 to 10, K = .01, .03)."""
    blur = _gaussian(one, window)
    mean_one, mean_other = blur(one), blur(other)
    variance_one = blur(one * one) - mean_one**2
    variance_other = blur(other * other) - mean_other**2
    covariance = blur(one * other) - mean_one * mean_other

    first, second = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    luminance = (2 * mean_one * mean_other + first) / (mean_one**2 + mean_other**2 + first)
    contrast = (2 * covariance + second) / (variance_one + variance_other + second)
    return luminance, contrast


def _gaussian(like: Tensor, window: int) -> Callable[[Tensor], Tensor]:
    places = torch.arange(window, dtype=like.dtype, device=like.device) - (window - 1) / 2
    kernel = torch.exp(-(places**2) / (2 * SIGMA**2))
    kernel = (kernel / kernel.sum()).expand(like.shape[1], 1, 1, window)

    def blur(x: Tensor) -> Tensor:
        across = conv2d(x, kernel, groups=x.shape[1])
        return conv2d(across, kernel.transpose(2, 3), groups=x.shape[1])

    return blur


class FeatureDistance(ABC):
    """A distance between features: those of a fixed target need to be computed only once."""

    name: str
    """What reports call it; never LPIPS unless it is."""

    @abstractmethod
    def features(self, images: Images) -> Sequence[Tensor]:
        """Maps [n c h w], or vectors, normalised so that their squared differences can be added."""

    def between(self, one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
        """[n]: squared differences, summed over channels, averaged over places and over layers."""
        parts = [(a - b).square().sum(dim=1).flatten(1).mean(dim=1) for a, b in zip(one, other, strict=True)]
        return torch.stack(parts).mean(dim=0)

    def __call__(self, one: Images, other: Images) -> Tensor:
        return self.between(self.features(one), self.features(other))


class DiscriminatorDistance(FeatureDistance):
    """Features of a discriminator, each place scaled to unit length (the metric of Zhang et al. 2018, other features)."""

    name = "discriminator features"

    def __init__(self, discriminator: nn.Module, smallest: int = 8) -> None:
        self.discriminator, self.smallest = discriminator, smallest

    def features(self, images: Images) -> Sequence[Tensor]:
        """Of every block down to `smallest`, of images brought to the discriminator's own size."""
        size = int(self.discriminator.resolution)  # type: ignore[arg-type]
        if images.shape[-1] != size:
            images = interpolate(images, (size, size), mode="bilinear", antialias=True, align_corners=False)
        if images.device.type == "cpu":  # a third faster there, all the way back too
            images = images.contiguous(memory_format=torch.channels_last)
        maps = self.discriminator.features(images)  # type: ignore[operator]
        chosen = [
            maps[side].float() for side in sorted(maps, reverse=True) if side >= min(self.smallest, size // 2)
        ]
        return [x * (x.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt() for x in chosen]


def best_distance(
    discriminator: nn.Module | None, device: torch.device | str = "cpu"
) -> FeatureDistance | None:
    """LPIPS where it is at hand, else the discriminator's features, else none."""
    from latentlab.networks.lpips import best_lpips

    try:
        return best_lpips(device)
    except MissingPart:
        return None if discriminator is None else DiscriminatorDistance(discriminator)
