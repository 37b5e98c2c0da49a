"""CycleGAN: unpaired translation with cycle-consistent adversarial networks (Zhu et al., ICCV 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import two_domains
from latentlab.baselines.jitter import jitter
from latentlab.core.shapes import Images
from latentlab.data.batches import TwoDomains
from latentlab.networks.image_pool import ImagePool
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer

FAR = 1_000_003
"""Samples of B are drawn so many numbers away from those of A: no pair is ever seen."""


@dataclass(frozen=True)
class CycleGAN(Baseline):
    """Translates A to B and B to A, learned from unpaired pictures; `published` is the authors' code at 256 pixels.

    `world`'s generators draw a change of the picture: instance norms take its
    colours out, and two cores show too few pictures to learn them anew.
    """

    blocks: int = 9
    """Residual blocks: 9 at 256 pixels, 6 at 128."""
    patch_layers: int = 3
    cycle: float = 10.0
    """λ of eq. 3, on both L1 cycle losses (eq. 2)."""
    identity: float = 0.5
    """Times `cycle`, on the L1 distance of B from its own translation to B; 0 where colours must change."""
    pool: int = 50
    """Earlier fakes that the discriminators are shown again."""
    enlarged: int = 286
    constant: int = 133_600
    """Images at the full rate: 100 passes over 1,336 horses."""
    falling: int = 133_600
    """Images over which the rate then falls to 0."""
    adds: bool = False
    """Generators draw a change of the picture, not the picture."""
    forward: str = "toon"
    """The wish that A to B grants; in the face world the task it learns."""
    backward: str = "photo"
    """The wish that B to A grants."""

    title: ClassVar[str] = "CycleGAN (Zhu et al. 2017)"
    layout: ClassVar[str] = "unpaired"
    world_batch: ClassVar[int] = 2
    acting: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a")
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {
            "size": 64, "width": 20, "blocks": 3, "patch_layers": 2, "identity": 0.1, "enlarged": 0, "constant": 9_000,
            "falling": 9_000, "rate": 4e-4, "adds": True,
        },
    }  # fmt: skip

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {self.forward: Grant("from A to B"), self.backward: Grant("from B to A")}

    def blueprints(self) -> Mapping[str, Blueprint]:
        generator = ("resnet", {"width": self.width, "blocks": self.blocks, "adds": self.adds})
        judge = ("patchgan", {"width": self.width, "layers": self.patch_layers, "norm": "instance"})
        return {"a_to_b": generator, "b_to_a": generator, "discriminator_a": judge, "discriminator_b": judge}

    def beside(self) -> Networks:
        return {f"pool_{side}": ImagePool(self.size, self.pool) for side in ("a", "b")}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def translate(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            a, b = self._view(batch, moment)
            fake_b, fake_a = networks["a_to_b"](a), networks["b_to_a"](b)
            moment.handed["pairs"] = {"a": (a, fake_a.detach()), "b": (b, fake_b.detach())}
            leave(moment, a, fake_b, b, fake_a)
            return self.generator_losses(networks, a, b, fake_a, fake_b)

        def judge(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            chances = moment.draws.uniform(2)
            losses: dict[str, Tensor] = {}
            for side, (real, fake) in moment.handed["pairs"].items():
                shown = networks[f"pool_{side}"](fake, chances)
                losses |= self.discriminator_losses(networks, side, real, shown)
            return losses

        return (
            Phase("generators", ("a_to_b", "b_to_a"), translate),
            Phase("discriminators", ("discriminator_a", "discriminator_b"), judge),
        )

    def generator_losses(
        self, networks: Networks, a: Images, b: Images, fake_a: Images, fake_b: Images
    ) -> dict[str, Tensor]:
        """Eq. 3 for both generators, and the identity loss of section 5.2; least squares (Mao et al. 2017)."""
        there, back = networks["a_to_b"], networks["b_to_a"]
        losses = {
            "fool_b": generator_loss(networks["discriminator_b"](fake_b), "lsgan"),
            "fool_a": generator_loss(networks["discriminator_a"](fake_a), "lsgan"),
            "cycle_a": self.cycle * (back(fake_b) - a).abs().mean(),
            "cycle_b": self.cycle * (there(fake_a) - b).abs().mean(),
        }
        if self.identity:
            weight = self.cycle * self.identity
            losses["identity_a"] = weight * (back(a) - a).abs().mean()
            losses["identity_b"] = weight * (there(b) - b).abs().mean()
        return losses

    def discriminator_losses(
        self, networks: Networks, side: str, real: Images, fake: Images
    ) -> dict[str, Tensor]:
        """Halved, so that the discriminator learns at half the pace of the generators."""
        discriminator = networks[f"discriminator_{side}"]
        return {
            f"real_{side}": 0.5 * real_loss(discriminator(real), "lsgan"),
            f"fake_{side}": 0.5 * fake_loss(discriminator(fake.detach()), "lsgan"),
        }

    def rate_factor(self, images: int) -> float:
        return linear_decay(images, self.constant, self.falling)

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        return Edited(networks["a_to_b" if self.forward in wishes else "b_to_a"](faces))

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> TwoDomains:
        return unpaired(renderer, self.forward, numbers, seed, self.size)

    def _view(self, batch: TwoDomains, moment: Moment) -> list[Images]:
        if self.enlarged <= self.size:
            return [batch.a, batch.b]
        return [
            *jitter([batch.a], moment.draws, self.enlarged),
            *jitter([batch.b], moment.draws, self.enlarged),
        ]


def linear_decay(images: int, constant: int, falling: int) -> float:
    """1 for so many images, then down to 0 over so many."""
    if images < constant or falling <= 0:
        return 1.0
    return max(0.0, 1 - (images - constant) / falling)


def unpaired(renderer: Renderer, task: str, numbers: Sequence[int], seed: int, size: int) -> TwoDomains:
    """Faces before the task's change, and other faces after it."""
    one = two_domains(renderer, task, numbers, seed, size)
    other = two_domains(renderer, task, [number + FAR for number in numbers], seed, size)
    return TwoDomains(one.a, other.b)
