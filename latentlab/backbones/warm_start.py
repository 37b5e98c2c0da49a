"""A quick start: the generator learns as the decoder of a variational autoencoder (Kingma and Welling 2014) first.

Where pictures are endless, it finds the layout of a face in a fraction of the images that the adversaries need; they
then sharpen what the autoencoder leaves blurred. Posteriors live in Z, so that samples of the prior are faces at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.core.noise import NO_NOISE
from latentlab.core.shapes import Images
from latentlab.networks.build import build
from latentlab.training.phase import Moment

DEVIATION = 0.2
"""Standard deviation of a pixel given its latent, on the [-1, 1] scale: weighs pictures against the prior."""


@dataclass(frozen=True)
class WarmStart:
    """The first phase of a training."""

    discriminator: Mapping[str, Any]
    """Arguments of the discriminator, whose body the encoder has too."""
    z_width: int
    weight: float
    """Of the posterior's distance from N(0, 1)."""

    def encoder(self, seed: int) -> nn.Module:
        """The discriminator's body with a mean and a log-variance for each number of z at its end."""
        arguments = {
            **self.discriminator, "condition_width": 2 * self.z_width, "class_logits": True, "group_channels": 0,
        }  # fmt: skip
        return build("stylegan2_discriminator", arguments, None, seed, trainable=True)

    def losses(self, encoder: Any, generator: Any, images: Images, moment: Moment) -> Mapping[str, Tensor]:
        """The negative evidence bound, for each pixel."""
        mean, variance_log = posterior(encoder, images)
        z = mean + (variance_log / 2).exp() * moment.draws.normal(generator.z_width)
        w = generator.map(z)
        generator.mapping.update_average(moment.processes.mean(w.float().mean(0, keepdim=True)))
        painted = generator(generator.styles(w[:, None].repeat(1, generator.layers, 1)), NO_NOISE).float()
        likeness = (painted - images).square().mean() / (2 * DEVIATION**2)
        surprise = (mean.square() + variance_log.exp() - variance_log - 1).sum(1).mean() / 2
        return {"likeness": likeness, "prior": surprise / images[0].numel() * self.weight}


def posterior(encoder: Any, images: Images) -> tuple[Tensor, Tensor]:
    """Mean and log-variance in Z, each [n width]."""
    body = encoder.features(images)[4]
    mean, variance_log = encoder.b4(body, None, torch.float32).float().chunk(2, dim=1)
    return mean, variance_log.clamp(-10, 4)
