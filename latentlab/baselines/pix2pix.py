"""pix2pix: image-to-image translation with conditional adversarial networks (Isola et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import two_domains
from latentlab.baselines.jitter import jitter
from latentlab.core.shapes import Images
from latentlab.data.batches import TwoDomains
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer


@dataclass(frozen=True)
class Pix2pix(Baseline):
    """Translates A to B, learned from pairs; `published` is the authors' Lua.

    A convolution in front of a norm has no bias here; the Lua has one, which the norm takes out again. The
    discriminator's loss is not halved, as in the Lua (`discriminator_weight` .5 is the later PyTorch port).
    """

    levels: int = 8
    """Halvings of the U-Net."""
    patch_layers: int = 3
    """Strided layers of the discriminator; 3 judge 70×70 pixels."""
    reconstruction: float = 100.0
    """λ of eq. 4, on the L1 distance (eq. 3)."""
    discriminator_weight: float = 1.0
    enlarged: int = 286
    """Side that pictures are brought to before they are cut to `size`; not above `size`: no augmentation."""
    task: str = "smile"
    """The counterfactual that it learns in the face world, and the wish it then grants."""

    title: ClassVar[str] = "pix2pix (Isola et al. 2017)"
    layout: ClassVar[str] = "pairs"
    acting: ClassVar[tuple[str, ...]] = ("generator",)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {"size": 64, "width": 16, "levels": 6, "patch_layers": 2, "enlarged": 0, "rate": 4e-4},
    }

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {self.task: Grant("what its pairs showed")}

    def blueprints(self) -> Mapping[str, Blueprint]:
        return {
            "generator": ("unet", {"width": self.width, "levels": self.levels}),
            "discriminator": ("patchgan", {"channels": 6, "width": self.width, "layers": self.patch_layers}),
        }

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def judge(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            a, b = self._view(batch, moment)
            with torch.no_grad():
                fake = networks["generator"](a)
            return self.discriminator_losses(networks, a, b, fake)

        def translate(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            a, b = self._view(batch, moment)
            fake = networks["generator"](a)
            leave(moment, a, fake, b)
            return self.generator_losses(networks, a, b, fake)

        return (
            Phase("discriminator", ("discriminator",), judge),
            Phase("generator", ("generator",), translate),
        )

    def discriminator_losses(
        self, networks: Networks, a: Images, b: Images, fake: Images
    ) -> dict[str, Tensor]:
        """Eq. 1, on pairs (a, b) and (a, fake)."""
        discriminator, weight = networks["discriminator"], self.discriminator_weight
        return {
            "real": weight * real_loss(discriminator(torch.cat([a, b], 1))),
            "fake": weight * fake_loss(discriminator(torch.cat([a, fake.detach()], 1))),
        }

    def generator_losses(self, networks: Networks, a: Images, b: Images, fake: Images) -> dict[str, Tensor]:
        """Eq. 4: fool the discriminator, and come near b."""
        return {
            "fool": generator_loss(networks["discriminator"](torch.cat([a, fake], 1))),
            "reconstruction": self.reconstruction * (fake - b).abs().mean(),
        }

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        return Edited(networks["generator"](faces))

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> TwoDomains:
        return two_domains(renderer, self.task, numbers, seed, self.size)

    def _view(self, batch: TwoDomains, moment: Moment) -> list[Images]:
        if self.enlarged <= self.size:
            return [batch.a, batch.b]
        return jitter([batch.a, batch.b], moment.draws, self.enlarged)
