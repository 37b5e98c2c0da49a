"""BeautyGAN: instance-level makeup transfer with a dual-input generator (Li et al., ACM Multimedia 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import drawn, parsed, rendered
from latentlab.baselines.makeup_regions import makeup_distance, regions, usable
from latentlab.baselines.perception import Perception, perception
from latentlab.core.shapes import Images
from latentlab.data.batches import MakeupPairs
from latentlab.networks.makeup_transfer import Exchanged
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer


@dataclass(frozen=True)
class BeautyGAN(Baseline):
    """Exchanges the makeup of two faces: the bare one gets it, the made-up one loses it.

    `published` is the authors' code; its identity terms stand in the code, not (as far as remembered) in the paper, and
    it needs VGG-19's weights. A pair in which an eye or
    the lips cannot be seen has no makeup terms (the code passes over it). `world` looks through our identity embedding instead. The last convolution of the
    discriminators has a bias here. `world`'s generators draw a change of the picture: instance norms take its
    colours out, and two cores show too few pictures to learn them anew.
    """

    blocks: int = 6
    patch_layers: int = 3
    perception: Perception = "vgg"
    cycle: float = 10.0
    """β of eq. 9."""
    perceptual: float = 0.005
    """γ of eq. 9, times `cycle`, on squared distances of features."""
    identity: float = 0.5
    """Times `cycle`, on each of four L1 distances where both inputs are one face."""
    half: float = 0.5
    """The code halves cycle, perceptual and identity terms."""
    lips: float = 1.0
    skin: float = 0.1
    eyes: float = 1.0
    adds: bool = False
    """Generators draw a change of the picture, not the picture."""

    title: ClassVar[str] = "BeautyGAN (Li et al. 2018)"
    layout: ClassVar[str] = "makeup"
    world_batch: ClassVar[int] = 2
    acting: ClassVar[tuple[str, ...]] = ("generator",)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {
            "size": 64,
            "width": 20,
            "blocks": 3,
            "patch_layers": 2,
            "perception": "identity",
            "rate": 4e-4,
            "adds": True,
        },
    }

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {
            "makeup": Grant("the makeup of another face", reference=True),
            "bare": Grant("the makeup comes off, as on a face without any", reference=True),
        }

    def blueprints(self) -> Mapping[str, Blueprint]:
        judge = {
            "width": self.width, "layers": self.patch_layers, "norm": "none", "slope": 0.01, "spectral": True, "law": "xavier",
        }  # fmt: skip
        return {
            "generator": (
                "makeup_generator",
                {"width": self.width, "blocks": self.blocks, "adds": self.adds},
            ),
            "made_up_discriminator": ("patchgan", judge),
            "bare_discriminator": ("patchgan", judge),
        }

    def beside(self) -> Networks:
        return {"perception": perception(self.perception)}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def judge(batch: MakeupPairs, moment: Moment) -> Mapping[str, Tensor]:
            with torch.no_grad():
                fakes = networks["generator"](batch.bare, batch.made_up)
            return self.discriminator_losses(networks, batch, fakes.made_up, fakes.bare)

        def exchange(batch: MakeupPairs, moment: Moment) -> Mapping[str, Tensor]:
            fake = networks["generator"](batch.bare, batch.made_up)
            leave(moment, batch.bare, fake.made_up, batch.made_up, fake.bare)
            return self.generator_losses(networks, batch, fake)

        return (
            Phase("discriminators", ("made_up_discriminator", "bare_discriminator"), judge),
            Phase("generator", ("generator",), exchange),
        )

    def discriminator_losses(
        self, networks: Networks, batch: MakeupPairs, made_up: Images, bare: Images
    ) -> dict[str, Tensor]:
        """Eq. 1 and 2 with least squares, halved."""
        losses = {}
        for name, real, fake in (("made_up", batch.made_up, made_up), ("bare", batch.bare, bare)):
            discriminator = networks[f"{name}_discriminator"]
            losses[f"{name}_real"] = 0.5 * real_loss(discriminator(real), "lsgan")
            losses[f"{name}_fake"] = 0.5 * fake_loss(discriminator(fake.detach()), "lsgan")
        return losses

    def generator_losses(self, networks: Networks, batch: MakeupPairs, fake: Exchanged) -> dict[str, Tensor]:
        """Eq. 9: adversarial, cycle, perceptual and makeup terms, and the code's identity terms."""
        generator, look = networks["generator"], networks["perception"]
        again = generator(fake.bare, fake.made_up)  # the makeup goes back to where it came from
        cycle = (again.bare - batch.bare).abs().mean() + (again.made_up - batch.made_up).abs().mean()
        features = (look(fake.made_up) - look(batch.bare)).square().mean()
        features = features + (look(fake.bare) - look(batch.made_up)).square().mean()
        losses = {
            "fool_made_up": generator_loss(networks["made_up_discriminator"](fake.made_up), "lsgan"),
            "fool_bare": generator_loss(networks["bare_discriminator"](fake.bare), "lsgan"),
            "cycle": self.half * self.cycle * cycle,
            "perceptual": self.half * self.cycle * self.perceptual * features,
        }
        if self.identity:
            losses["identity"] = self.half * self.cycle * self.identity * _same(generator, batch)
        return losses | self.makeup_losses(batch, fake.made_up, fake.bare)

    def makeup_losses(self, batch: MakeupPairs, made_up: Images, bare: Images) -> dict[str, Tensor]:
        """Eq. 8: lips, skin and eyes of both outputs against what the other input's colours make of them."""
        first, second = regions(batch.bare_masks), regions(batch.made_up_masks)
        pair = (usable(batch.bare_masks) & usable(batch.made_up_masks))[:, None, None, None]
        weights = {"lips": self.lips, "skin": self.skin, "eye_left": self.eyes, "eye_right": self.eyes}
        losses = {}
        for name, weight in weights.items():
            here, there = first[name] & pair, second[name] & pair
            one = makeup_distance(made_up, batch.made_up, here, there)
            other = makeup_distance(bare, batch.bare, there, here)
            losses[name] = weight * (one + other)
        return losses

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        """Makeup is exchanged with the reference; a face that meets itself is taught to stay as it is."""
        generator = networks["generator"]
        wish = "makeup" if "makeup" in wishes else "bare"
        reference = wishes[wish].reference
        assert reference is not None, "wishes are checked before an edit"
        other = reference.to(faces).expand_as(faces)
        return Edited(generator(faces, other).made_up if wish == "makeup" else generator(other, faces).bare)

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> MakeupPairs:
        pairs = drawn("makeup", numbers, seed)
        plain = rendered(renderer, [pair.before for pair in pairs], self.size)
        worn = rendered(renderer, [pair.reference for pair in pairs if pair.reference], self.size)
        return MakeupPairs(plain.images, parsed(plain), worn.images, parsed(worn))


def _same(generator: nn.Module, batch: MakeupPairs) -> Tensor:
    """Two equal faces have nothing to exchange: four L1 distances."""
    total = batch.bare.new_zeros(())
    for face in (batch.bare, batch.made_up):
        same = generator(face, face)
        total = total + (same.made_up - face).abs().mean() + (same.bare - face).abs().mean()
    return total
