"""C^½ of the covariance of w: coordinates in which every part of the latent space is as wide as every other."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.generator import Generator

LEAST_VARIANCE = 1e-4
"""Of the largest: C^½ and its inverse know no smaller variance of w."""
SAMPLES = 5000


def roots(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """C^½ and C^-½ of a covariance [width width], float32 and double precision."""
    variances, axes = torch.linalg.eigh(covariance)
    deviations = variances.clamp_min(LEAST_VARIANCE * float(variances[-1])).sqrt()
    return ((axes * deviations) @ axes.T).float(), (axes / deviations) @ axes.T


@torch.no_grad()
def covariance_of(generator: Generator, seed: int = 0, samples: int = SAMPLES) -> Tensor:
    """Of w as the mapping draws it, double precision [width width]."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(samples, generator.z_width, generator=draw).to(generator.w_average)
    w = torch.cat([generator.map(part) for part in z.split(500)]).double().cpu()
    return torch.cov(w.T)
