"""A generator and its encoder that learn together, so that the generator can draw the images it is shown.

Beside the two adversaries an encoder and the synthesis learn to repeat each batch, after Larsen et al. 2016 (VAE/GAN): likeness
is measured in the features of the discriminator as it stands. Samples of the prior stay what the adversaries make of them; what
they cannot give, a synthesis that reaches faces which nobody sampled, comes from the encoder's part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from latentlab.backbones.encoder import EncoderSettings, EncoderTraining
from latentlab.backbones.encoder_parent import begin_with
from latentlab.backbones.stylegan import StyleGAN
from latentlab.core.distance import Distance
from latentlab.core.errors import BadInput
from latentlab.networks.perceptual import DiscriminatorDistance
from latentlab.teaching.likeness import Likeness
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks, Trainable
from latentlab.training.trainer import Trainer

WEIGHT = 5.0
"""Of the encoder's losses beside the adversaries', whose gradients at the synthesis were seven to ten times as large at 128²."""


@dataclass(frozen=True)
class Together(Trainable):
    """A generator's training with an encoder beside it."""

    generator: StyleGAN
    encoder: EncoderSettings
    identity: Distance | None = None
    """Which person it is, e.g. by our identity embedding; never dlib, which judges."""
    begun: Path | None = None
    """The encoder's file to begin with."""

    def __post_init__(self) -> None:
        if "E" in self.generator.more_networks(0):
            raise BadInput(
                "a warm start has an encoder of its own; set warm_start=0, or leave the encoder out"
            )

        channels, height, width = self.generator.image_shape
        if channels != 3 or height != width:
            raise BadInput(
                f"encoders read squares in three colours; this network draws {channels} channels of {height}×{width}: "
                "leave the encoder out"
            )
        if self.generator.condition_width:
            raise BadInput("encoders are taught beside unconditional generators; this one has classes")

    def __repr__(self) -> str:
        """All that decides what is learnt."""
        named = None if self.identity is None else self.identity.name
        return f"Together({self.generator}, {self.encoder}, identity={named})"

    def networks(self) -> Networks:
        made = self.generator.networks()
        return made | self._teacher(made).networks()

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        return {**self.generator.optimizers(networks), **self._teacher(networks).optimizers(networks)}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        repeat, *codes = self._teacher(networks).phases(networks)
        mapping = networks["G"].mapping if self.generator.freeze_mapping else None

        def learn(batch: Any, moment: Moment) -> Mapping[str, Tensor]:
            if mapping is not None:
                mapping.requires_grad_(False)  # the trainer has just released it
            return {name: WEIGHT * term for name, term in repeat.losses(batch, moment).items()}

        both = replace(repeat, learners=("encoder", "G"), losses=learn)
        codes = [replace(phase, name=f"encoder {phase.name}") for phase in codes]  # images have an R1 as well
        return [both, *codes, *self.generator.phases(networks)]

    def hand_over(self, trainer: Trainer) -> dict[str, Any]:
        """Begin with an encoder's file; its answers start at the average of the generator that is there now."""
        told = {}
        encoder: Any = trainer.networks["encoder"]
        if self.begun is not None:
            told["encoder_begun_with"] = begin_with(encoder, self.begun)
        encoder.latent_avg.copy_(trainer.networks["G"].w_average)
        return told

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {**self.generator.parts(networks), "encoder": "encoder"}

    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor | None:
        return self.generator.picture(networks, handed)

    @property
    def group(self) -> int:
        return self.generator.group

    def _teacher(self, networks: Networks) -> EncoderTraining:
        features = DiscriminatorDistance(networks["D"])
        terms = {
            "perceptual": (self.encoder.perceptual, features),
            "identity": (self.encoder.identity, self.identity),
        }
        generator: Any = networks["G"]
        return EncoderTraining(self.encoder, generator, Likeness.of(self.encoder.pixels, terms))
