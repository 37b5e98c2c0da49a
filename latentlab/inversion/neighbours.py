"""What a pivot must not touch: pictures near the tuned one, and what a step towards them changes."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.errors import SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images
from latentlab.inversion.statistics import sample_w


class Neighbours:
    """Latents between the pivot's and samples of the network, another one at every step."""

    def __init__(self, generator: Generator, latent: Latent, reach: float, noise: Noise, seed: int) -> None:
        if latent.space not in {Space.W, Space.W_PLUS}:
            raise SpaceMismatch(
                f"the locality term walks in w; it needs a latent in w or w+, not {latent.space.name.lower()}"
            )
        self.generator, self.reach, self.seed = generator, reach, seed
        self.noise = FIXED if noise.maps else noise
        with torch.no_grad():
            self.centre = generator.lift(latent[0], Space.W_PLUS).values
            self.untuned = generator(generator.styles(self.centre), self.noise)

    def penalty(self, pivot: Pivot, step: int, locality: float, edits: float, tuned: Images) -> Tensor:
        """Weighted sum of two mean squared errors at one neighbour; `tuned` is the pivot's own picture, [1 3 h w].

        `locality`: the tuned network's picture there against the untuned one's (Roich et al. 2021, eq. 5). `edits`: the
        step's change of the picture, tuned against untuned, which leaves the tuned picture itself free.
        """
        with torch.no_grad():
            styles = self.generator.styles(self._neighbour(step))
            before = self.generator(styles, self.noise)
        gained = self.generator(styles, self.noise, pivot) - before
        return locality * gained.square().mean() + edits * (gained - (tuned - self.untuned)).square().mean()

    def _neighbour(self, step: int) -> Tensor:
        w = sample_w(self.generator, 1, self.seed + 1 + step)[:, None]  # [1 1 width]
        way = w - self.centre
        length = way.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(1e-8)
        reach = min(self.reach, float(length.square().mean().sqrt()))
        return self.centre + reach * way / length
