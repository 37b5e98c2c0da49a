"""A child learned from pairs of latents and the pictures they should become; the mapping, and so the latent space, stays.

The distance is that of a discriminator's features, as in JoJoGAN (Chong and Forsyth 2022), and of small averages.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from latentlab.core.generator import Generator
from latentlab.core.ranges import Between, MoreThan, check
from latentlab.core.shapes import Images, WPlus
from latentlab.core.watch import Watch, silent
from latentlab.networks.perceptual import DiscriminatorDistance

Pairs = Callable[[int], tuple[WPlus, Images]]
"""The number of a step to latents and the pictures that the child should draw of them."""
LIKENESS = (1, 4, 8)
"""Sides of the averages that are compared."""


@dataclass(frozen=True)
class LearnStyle:
    """How long, and how fast."""

    steps: Annotated[int, Between(1, 1_000_000)] = 240
    learning_rate: Annotated[float, MoreThan(0, 1)] = 0.002
    pixels: float = 4.0
    """Weight of the averages."""
    features: float = 4.0
    """Weight of the discriminator's features."""

    def __post_init__(self) -> None:
        check(self)

    def learn(
        self, parent: Generator, discriminator: nn.Module, pairs: Pairs, watch: Watch = silent
    ) -> dict[str, Tensor]:
        """The child's tensors, under the parent's names; mapping, noise and the centre of truncation are the parent's."""
        child = copy.deepcopy(parent).requires_grad_(True)
        distance = DiscriminatorDistance(discriminator.requires_grad_(False))
        taught = [value for name, value in child.named_parameters() if _is_taught(name)]
        optimizer = torch.optim.Adam(taught, self.learning_rate, betas=(0.0, 0.99))
        for step in range(self.steps):
            for group in optimizer.param_groups:  # the last third at falling rates
                group["lr"] = self.learning_rate * min(1.0, 3 * (1 - step / self.steps))
            w_plus, goal = pairs(step)
            loss = self._unlike(
                child(child.styles(w_plus.to(parent.device))), goal.to(parent.device), distance
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch((step + 1) / self.steps, f"distance {float(loss.detach()):.3f}")
        return {name: value.detach() for name, value in child.state_dict().items()}

    def _unlike(self, drawn: Images, goal: Images, distance: DiscriminatorDistance) -> Tensor:
        averages = [(avg_pool2d(drawn, side) - avg_pool2d(goal, side)).abs().mean() for side in LIKENESS]
        return self.pixels * torch.stack(averages).sum() + self.features * distance(drawn, goal).mean()


def _is_taught(name: str) -> bool:
    return "mapping" not in name and "noise_strength" not in name
