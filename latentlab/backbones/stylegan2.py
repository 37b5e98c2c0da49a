"""Teaching StyleGAN2: skip generator, residual discriminator, path lengths (Karras et al. 2020), ADA (Karras et al. 2020b).

The generator that ships with the project, on a CPU and in the background, in legs that continue one another:

    OMP_NUM_THREADS=1 nice -n 19 python -m latentlab.backbones.train --preset faces64-cpu --data PACK.npy \\
        --out RUN --images 400000 --resume

It stops at a SIGTERM after the step under way, with everything saved; the same line goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor

from latentlab.backbones.adversarial import AdversarialLosses
from latentlab.backbones.path_length import PathLength, PathRegulariser
from latentlab.backbones.sampler import Sampler
from latentlab.backbones.stylegan import StyleGAN
from latentlab.backbones.warm_start import WarmStart
from latentlab.core.ranges import Batch, Between, Share, Steps, Weight
from latentlab.data.batches import as_images
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks


@dataclass(frozen=True)
class StyleGAN2(StyleGAN):
    """What StyleGAN2 adds, and what small machines need."""

    path_length: Weight = 2.0
    """Weight of the path-length regulariser; 0 leaves it out."""
    path_every: Steps = 4
    path_decay: Share = 0.01
    path_shrink: Batch = 2
    """Path lengths are measured on the so-manieth part of a batch."""
    noise_from: Annotated[int, Between(0, 1_000_000_000_000)] = 0
    """Images after which the noise inputs are switched on; before, the weights have to do all the drawing."""
    warm_start: Annotated[int, Between(0, 1_000_000_000)] = 0
    """Images during which the generator learns as the decoder of an autoencoder, before any discriminator."""
    warm_weight: Weight = 1.0
    """Weight of the posterior's distance from N(0, 1) during the warm start."""

    @property
    def generator_kind(self) -> str:
        return "stylegan2"

    def body_arguments(self) -> dict[str, Any]:
        channels = self.channel_table(self.channel_base)
        return {"channels": channels, "clamp": self.clamp, "half_resolutions": self.half_resolutions}

    @property
    def sampler(self) -> Sampler:
        return Sampler(self.mixing, self.noise_from)

    @property
    def lazy_steps(self) -> int:
        return self.path_every if self.path_length else 0

    @property
    def start(self) -> WarmStart:
        """The quick start as an autoencoder."""
        return WarmStart(self.discriminator_arguments(), self.z_width, self.warm_weight)

    def adversaries_learn(self, moment: Moment) -> bool:
        return moment.images >= self.warm_start

    def more_networks(self, seed: int) -> Networks:
        encoder = {"E": self.start.encoder(seed)} if self.warm_start else {}
        return {**encoder, "path": PathLength()}

    def first_phases(self, losses: AdversarialLosses) -> Sequence[Phase]:
        if not self.warm_start:
            return ()
        start = self.start

        def warm(batch: Any, moment: Moment) -> Mapping[str, Tensor]:
            return start.losses(losses.networks["E"], losses.G, as_images(batch, moment.device), moment)

        warming = lambda moment: not self.adversaries_learn(moment)  # noqa: E731
        return (Phase("warm", ("E", "G"), warm, when=warming, after=losses.average),)

    def regularisers(self, losses: AdversarialLosses) -> Sequence[Phase]:
        if not self.path_length:
            return ()
        weight = self.path_length * self.path_every
        path = PathRegulariser(losses, weight, self.path_decay, self.path_shrink)
        return (Phase("path", ("G",), path, self.path_every, self.adversaries_learn),)
