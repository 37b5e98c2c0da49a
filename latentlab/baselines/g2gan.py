"""G2-GAN: geometry guided adversarial synthesis of facial expressions (Song et al., ACM Multimedia 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import drawn, rendered
from latentlab.baselines.heatmaps import SMILE, heatmap, moved
from latentlab.baselines.perception import recogniser
from latentlab.core.shapes import Images, Landmarks
from latentlab.data.batches import Batch, TwoDomains
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer


@dataclass(frozen=True, eq=False)
class Expressions(Batch):
    """A face at rest, the same with an expression, and the points of the latter."""

    neutral: Images
    expressive: Images
    landmarks: Landmarks
    """Of the expressive face, in its pixels, (0, 0) the middle of the first."""


@dataclass(frozen=True)
class G2GAN(Baseline):
    """Two generators, one puts an expression on, one takes it off; a heatmap of 68 points says which.

    A re-implementation: the paper's scheme (fiducial points as condition, removal and synthesis as a cycle, triplets for
    the discriminators) is as published; widths, optimiser and batch were not recovered, so generators and discriminators
    are CycleGAN's. Weights 10, 5 and .1 are about the paper's. Identity is compared by our embedding, not Light-CNN.
    `world` has U-Nets for generators and weighs pixels five times as much: after 12,000 pictures, residual generators,
    whose instance norms take the picture's colours out first, still drew colours wrong and edges soft.
    """

    size: int = 128
    blocks: int = 6
    levels: int = 0
    """Halvings of U-Nets as generators; 0 takes residual ones."""
    patch_layers: int = 3
    pixel: float = 10.0
    """On the L1 distance to the true picture."""
    cycle: float = 5.0
    """On the L1 distance after synthesis and removal, and the other way round."""
    identity: float = 0.1
    """On the distance of the embeddings."""

    title: ClassVar[str] = "G2-GAN (Song et al. 2018)"
    layout: ClassVar[str] = "pairs"
    acting: ClassVar[tuple[str, ...]] = ("synthesis", "removal")
    published_batch: ClassVar[int] = 5
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {
            "size": 64, "width": 15, "levels": 5, "patch_layers": 2, "rate": 4e-4, "pixel": 50.0,
        },
    }  # fmt: skip

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {
            "smile": Grant("0..1", 0, 1, 0.9),
            "neutral": Grant("the expression is taken off"),
        }

    def blueprints(self) -> Mapping[str, Blueprint]:
        own = {"before": 4, "width": self.width}
        generator: Blueprint = ("resnet", {**own, "blocks": self.blocks})
        if self.levels:
            generator = ("unet", {**own, "levels": self.levels, "dropped": 0})  # dropout leaves speckles
        judge = ("patchgan", {"channels": 7, "width": self.width, "layers": self.patch_layers})
        return {
            "synthesis": generator, "removal": generator,
            "synthesis_discriminator": judge, "removal_discriminator": judge,
        }  # fmt: skip

    def beside(self) -> Networks:
        return {"recogniser": recogniser()}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def judge(batch: Expressions, moment: Moment) -> Mapping[str, Tensor]:
            return self.discriminator_losses(networks, batch)

        def draw(batch: Expressions, moment: Moment) -> Mapping[str, Tensor]:
            maps = heatmap(batch.landmarks, self.size)
            fakes = {name: _told(networks[name], given, maps) for name, given, _ in _directions(batch)}
            leave(moment, batch.neutral, fakes["synthesis"], batch.expressive, fakes["removal"])
            return self.generator_losses(networks, batch, fakes)

        return (
            Phase("discriminators", ("synthesis_discriminator", "removal_discriminator"), judge),
            Phase("generators", ("synthesis", "removal"), draw),
        )

    def discriminator_losses(self, networks: Networks, batch: Expressions) -> dict[str, Tensor]:
        """Triplets (picture, heatmap, other picture), true and generated, for both directions."""
        maps = heatmap(batch.landmarks, self.size)
        losses = {}
        for name, given, wanted in _directions(batch):
            with torch.no_grad():
                fake = _told(networks[name], given, maps)
            discriminator = networks[f"{name}_discriminator"]
            losses[f"{name}_real"] = real_loss(discriminator(torch.cat([given, maps, wanted], 1)))
            losses[f"{name}_fake"] = fake_loss(discriminator(torch.cat([given, maps, fake], 1)))
        return losses

    def generator_losses(
        self, networks: Networks, batch: Expressions, fakes: Mapping[str, Images]
    ) -> dict[str, Tensor]:
        """Adversarial, pixel, cycle and identity terms of both directions."""
        maps = heatmap(batch.landmarks, self.size)
        other = {"synthesis": "removal", "removal": "synthesis"}
        losses = {}
        for name, given, wanted in _directions(batch):
            fake = fakes[name]
            again = _told(networks[other[name]], fake, maps)
            verdict = networks[f"{name}_discriminator"](torch.cat([given, maps, fake], 1))
            losses[f"{name}_fool"] = generator_loss(verdict)
            losses[f"{name}_pixel"] = self.pixel * (fake - wanted).abs().mean()
            losses[f"{name}_cycle"] = self.cycle * (again - given).abs().mean()
            if self.identity:
                who = networks["recogniser"]
                losses[f"{name}_identity"] = self.identity * (who(fake) - who(wanted)).abs().mean()
        return losses

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        """Taken off first, then put on: the heatmap of the wished smile begins from the points of the face at rest."""
        from latentlab.faces.landmarks import aligned_landmarks

        calm = _told(networks["removal"], faces, heatmap(aligned_landmarks(faces).points, self.size))
        if "smile" not in wishes:
            return Edited(calm)
        points = aligned_landmarks(calm).points
        strength = float(wishes["smile"].value or 0.0)
        maps = heatmap(moved(points, torch.tensor(SMILE).to(points), strength), self.size)
        return Edited(_told(networks["synthesis"], calm, maps))

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> Expressions:
        from dataclasses import replace

        pairs = drawn("smile", numbers, seed)
        strengths = [
            0.25 + 0.75 * ((number * 0.618034) % 1) for number in numbers
        ]  # weak and broad smiles alike
        smiling = [replace(pair.after, smile=s) for pair, s in zip(pairs, strengths, strict=True)]
        calm = rendered(renderer, [pair.before for pair in pairs], self.size)
        after = rendered(renderer, smiling, self.size)
        return Expressions(calm.images, after.images, after.landmarks - 0.5)

    def from_reader(self, batch: Batch) -> Expressions:
        """Neutral and expressive side by side; the points are dlib's."""
        from latentlab.faces.landmarks import aligned_landmarks

        assert isinstance(batch, TwoDomains), "the reader of pairs hands out two domains"
        return Expressions(batch.a, batch.b, aligned_landmarks(batch.b).points)


def _directions(batch: Expressions) -> tuple[tuple[str, Images, Images], ...]:
    return ("synthesis", batch.neutral, batch.expressive), ("removal", batch.expressive, batch.neutral)


def _told(generator: nn.Module, images: Images, maps: Tensor) -> Images:
    return generator(torch.cat([images, maps], dim=1))
