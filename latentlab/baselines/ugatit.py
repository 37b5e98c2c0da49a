"""U-GAT-IT: unsupervised generative attentional networks with adaptive layer-instance normalisation (Kim et al., ICLR 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.optim import Adam, Optimizer

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.cyclegan import linear_decay, unpaired
from latentlab.baselines.jitter import jitter
from latentlab.core.shapes import Images
from latentlab.data.batches import TwoDomains
from latentlab.networks.adalin import clip_rho
from latentlab.networks.attention_translator import Translated
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer

DISCRIMINATORS = ("global_a", "local_a", "global_b", "local_b")


@dataclass(frozen=True)
class UGATIT(Baseline):
    """Translates between two domains that differ in shape as well as in texture; shows where it looked.

    `published` is the authors' PyTorch, the full model: 670 M weights, of which two linear layers hold 537 M. `light`
    is their smaller one. Variances are the population's, as in the paper and the TensorFlow code. `world`'s generators draw a change of the picture: instance norms take its
    colours out, and two cores show too few pictures to learn them anew.
    """

    rate: float = 1e-4
    blocks: int = 4
    """Residual blocks before and after the attention."""
    light: bool = False
    global_layers: int = 7
    local_layers: int = 5
    adversarial: float = 1.0
    cycle: float = 10.0
    identity: float = 10.0
    attention: float = 1000.0
    """Weight of the class activation loss (eq. 5)."""
    weight_decay: float = 1e-4
    enlarged: int = 286
    constant: int = 500_000
    """Iterations of one image a side at the full rate."""
    falling: int = 500_000
    adds: bool = False
    """Generators draw a change of the picture, not the picture."""
    forward: str = "toon"
    backward: str = "photo"

    title: ClassVar[str] = "U-GAT-IT (Kim et al. 2020)"
    layout: ClassVar[str] = "unpaired"
    world_batch: ClassVar[int] = 2
    acting: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a")
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "light": {"light": True},
        "world": {
            "size": 64, "width": 20, "blocks": 2, "light": True, "global_layers": 5, "local_layers": 4, "enlarged": 0,
            "rate": 2e-4, "constant": 5_000, "falling": 5_000, "attention": 100.0, "adds": True,
        },
    }  # fmt: skip

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {self.forward: Grant("from A to B"), self.backward: Grant("from B to A")}

    def blueprints(self) -> Mapping[str, Blueprint]:
        arguments = {
            "size": self.size,
            "width": self.width,
            "blocks": self.blocks,
            "light": self.light,
            "adds": self.adds,
        }
        plans: dict[str, Blueprint] = dict.fromkeys(self.acting, ("attention_generator", arguments))
        for name in DISCRIMINATORS:
            layers = self.global_layers if name.startswith("global") else self.local_layers
            plans[name] = ("attention_discriminator", {"width": self.width, "layers": layers})
        return plans

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        settings: dict[str, Any] = {
            "lr": self.rate, "betas": (self.momentum, 0.999), "weight_decay": self.weight_decay,
        }  # fmt: skip
        return {
            name: Adam(networks[name].parameters(), **settings) for name in (*self.acting, *DISCRIMINATORS)
        }

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def judge(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            a, b = self._view(batch, moment)
            with torch.no_grad():
                fake_b, fake_a = networks["a_to_b"](a).images, networks["b_to_a"](b).images
            return self.discriminator_losses(networks, "a", a, fake_a) | self.discriminator_losses(
                networks, "b", b, fake_b
            )

        def translate(batch: TwoDomains, moment: Moment) -> Mapping[str, Tensor]:
            a, b = self._view(batch, moment)
            to_b, to_a = networks["a_to_b"](a), networks["b_to_a"](b)
            leave(moment, a, to_b.images, b, to_a.images)
            return self.generator_losses(networks, a, b, to_a, to_b)

        def clip(moment: Moment) -> None:
            for name in self.acting:
                clip_rho(networks[name])

        return (
            Phase("discriminators", DISCRIMINATORS, judge),
            Phase("generators", self.acting, translate, after=clip),
        )

    def discriminator_losses(
        self, networks: Networks, side: str, real: Images, fake: Images
    ) -> dict[str, Tensor]:
        """Least squares on patches and on the class activation logits (eq. 2 and 6), global and local."""
        losses = {}
        for reach in ("global", "local"):
            seen, made = networks[f"{reach}_{side}"](real), networks[f"{reach}_{side}"](fake.detach())
            for what in ("patches", "logits"):
                terms = real_loss(getattr(seen, what), "lsgan") + fake_loss(getattr(made, what), "lsgan")
                losses[f"{reach}_{side}_{what}"] = self.adversarial * terms
        return losses

    def generator_losses(
        self, networks: Networks, a: Images, b: Images, to_a: Translated, to_b: Translated
    ) -> dict[str, Tensor]:
        """Eq. 2 to 6 for both directions."""
        there, back = networks["a_to_b"], networks["b_to_a"]
        again_a, again_b = back(to_b.images).images, there(to_a.images).images
        same_a, same_b = back(a), there(b)
        losses = {
            "cycle": self.cycle * ((again_a - a).abs().mean() + (again_b - b).abs().mean()),
            "identity": self.identity * ((same_a.images - a).abs().mean() + (same_b.images - b).abs().mean()),
            "attention": self.attention * (_domain(to_b.logits, same_b.logits) + _domain(to_a.logits, same_a.logits)),
        }  # fmt: skip
        for side, fake in (("a", to_a.images), ("b", to_b.images)):
            for reach in ("global", "local"):
                verdict = networks[f"{reach}_{side}"](fake)
                terms = generator_loss(verdict.patches, "lsgan") + generator_loss(verdict.logits, "lsgan")
                losses[f"fool_{reach}_{side}"] = self.adversarial * terms
        return losses

    def rate_factor(self, images: int) -> float:
        return linear_decay(images, self.constant, self.falling)

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        answer = networks["a_to_b" if self.forward in wishes else "b_to_a"](faces)
        return Edited(answer.images, answer.heat)

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> TwoDomains:
        return unpaired(renderer, self.forward, numbers, seed, self.size)

    def _view(self, batch: TwoDomains, moment: Moment) -> list[Images]:
        if self.enlarged <= self.size:
            return [batch.a, batch.b]
        return [
            *jitter([batch.a], moment.draws, self.enlarged),
            *jitter([batch.b], moment.draws, self.enlarged),
        ]


def _domain(foreign: Tensor, own: Tensor) -> Tensor:
    """Eq. 5: pictures of the other domain are told from pictures of one's own."""
    return cross_entropy(foreign, torch.ones_like(foreign)) + cross_entropy(own, torch.zeros_like(own))
