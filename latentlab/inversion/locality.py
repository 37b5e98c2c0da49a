"""What a pivot should not touch: the pictures of latents near the tuned one."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.errors import SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.inversion.statistics import sample_w


class Locality:
    """Mean squared change that the pivot makes to the render of a latent nearby (Roich et al. 2021, eq. 5)."""

    def __init__(self, generator: Generator, latent: Latent, reach: float, noise: Noise, seed: int) -> None:
        if latent.space not in {Space.W, Space.W_PLUS}:
            raise SpaceMismatch(
                f"the locality term walks in w; it needs a latent in w or w+, not {latent.space.name.lower()}"
            )
        self.generator, self.reach, self.seed = generator, reach, seed
        self.noise = FIXED if noise.maps else noise
        with torch.no_grad():
            self.centre = generator.lift(latent[0], Space.W_PLUS).values

    def __call__(self, pivot: Pivot, step: int) -> Tensor:
        """The error at one neighbour, another one at every step."""
        with torch.no_grad():
            styles = self.generator.styles(self._neighbour(step))
            before = self.generator(styles, self.noise)
        return (self.generator(styles, self.noise, pivot) - before).square().mean()

    def _neighbour(self, step: int) -> Tensor:
        w = sample_w(self.generator, 1, self.seed + 1 + step)[:, None]  # [1 1 width]
        way = w - self.centre
        length = way.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(1e-8)
        reach = min(self.reach, float(length.square().mean().sqrt()))
        return self.centre + reach * way / length
