"""A child learned from pairs of latents and the pictures they should become; the mapping, and so the latent space, stays.

The distance is that of a discriminator's features, as in JoJoGAN (Chong and Forsyth 2022), and of small averages; any
other measure of a child can stand in its place.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from latentlab.backbones.style.unfinished import Unfinished
from latentlab.core.generator import Generator
from latentlab.core.ranges import Between, MoreThan, check
from latentlab.core.shapes import Images, WPlus
from latentlab.core.watch import Watch, silent
from latentlab.networks.perceptual import DiscriminatorDistance

Pairs = Callable[[int], tuple[WPlus, Images]]
"""The number of a step to latents and the pictures that the child should draw of them."""
Measure = Callable[[Generator, int], Tensor]
"""How far a child is from the style at a step, a scalar."""
LIKENESS = (1, 4, 8)
"""Sides of the averages that are compared."""


@dataclass(frozen=True)
class LearnStyle:
    """How long, and how fast."""

    steps: Annotated[int, Between(1, 1_000_000)] = 240
    learning_rate: Annotated[float, MoreThan(0, 1)] = 0.002

    def __post_init__(self) -> None:
        check(self)

    def learn(
        self, parent: Generator, measure: Measure, watch: Watch = silent, unfinished: Unfinished | None = None
    ) -> dict[str, Tensor]:
        """The child's tensors, under the parent's names; mapping, noise and the centre of truncation are the parent's.

        With `unfinished` the same call goes on after an interruption, and ends in the same tensors.
        """
        child = copy.deepcopy(parent).requires_grad_(True)
        taught = [value for name, value in child.named_parameters() if _is_taught(name)]
        optimizer = torch.optim.Adam(taught, self.learning_rate, betas=(0.0, 0.99))
        for step in range(unfinished.resume(child, optimizer) if unfinished else 0, self.steps):
            for group in optimizer.param_groups:  # the last third at falling rates
                group["lr"] = self.learning_rate * min(1.0, 3 * (1 - step / self.steps))
            loss = measure(child, step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if unfinished:
                unfinished.keep(child, optimizer, step + 1)
            watch((step + 1) / self.steps, f"distance {float(loss.detach()):.3f}")
        return {name: value.detach() for name, value in child.state_dict().items()}


@dataclass(frozen=True, eq=False)
class Unlike:
    """The distance between what a child draws and what it should draw."""

    discriminator: nn.Module
    pairs: Pairs
    pixels: float = 4.0
    """Weight of the averages."""
    features: float = 4.0
    """Weight of the discriminator's features."""

    @cached_property
    def distance(self) -> DiscriminatorDistance:
        """By the features of the discriminator, which learns nothing."""
        return DiscriminatorDistance(self.discriminator.requires_grad_(False))

    def __call__(self, child: Generator, step: int) -> Tensor:
        w_plus, goal = self.pairs(step)
        drawn, goal = child(child.styles(w_plus.to(child.device))), goal.to(child.device)
        averages = [(avg_pool2d(drawn, side) - avg_pool2d(goal, side)).abs().mean() for side in LIKENESS]
        return self.pixels * torch.stack(averages).sum() + self.features * self.distance(drawn, goal).mean()


def _is_taught(name: str) -> bool:
    return "mapping" not in name and "noise_strength" not in name
