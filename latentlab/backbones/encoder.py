"""Teaching an encoder that inverts photographs into W+, as e4e (Tov et al. 2021), for any generator.

With `iterative` it learns to correct itself (Alaluf et al. 2021, ReStyle): it sees the photo beside a render of its last
answer, at first the average face. Where the paper descends after each of five passes, here one pass drawn at random is
learnt and those before it only run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from latentlab.backbones.latent_discriminator import LatentDiscriminator, Pool
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.image import grid, resized
from latentlab.core.ranges import Between, Pixels, Rate, Share, Steps, Weight, Width, check
from latentlab.core.shapes import Images, WPlus
from latentlab.data.batches import as_images
from latentlab.networks.build import build
from latentlab.teaching.likeness import Likeness
from latentlab.teaching.presets import Preset, choose
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainable import Networks, Trainable


@dataclass(frozen=True)
class EncoderSettings:
    """Published values unless said otherwise; `PRESETS` has smaller ones."""

    kind: Literal["encoder_e4e", "encoder_psp", "encoder_w"] = "encoder_e4e"
    input_size: Pixels = 256
    depth: Annotated[int, Between(1, 1000)] = 50
    """Residual units: 18, 34, 50 (published), 100."""
    base_width: Width = 64
    heads: Annotated[int, Between(0, 100)] = 0
    """How many styles have a head of their own, the finest sharing the last; 0: all of them, as published."""
    learning_rate: Annotated[float, Between(0, 10)] = 1e-4
    pixels: Weight = 1.0
    """Weight of the mean squared error."""
    perceptual: Weight = 0.8
    identity: Weight = 0.1
    delta: Weight = 2e-4
    """Weight of the offsets' size: keeps the w of all layers together."""
    adversary: Weight = 0.1
    """Weight of a discriminator that tells encoded w from mapped ones."""
    discriminator_rate: Rate = 2e-5
    r1: Weight = 10.0
    r1_every: Steps = 16
    pool: Annotated[int, Between(0, 1_000_000)] = 50
    """Earlier codes that the discriminator goes on being shown."""
    progressive_from: Annotated[int, Between(0, 100_000_000)] = 20_000
    """Step at which the first offset is switched on; all before encode into W alone."""
    progressive_every: Annotated[int, Between(0, 100_000_000)] = 2_000
    """Steps for each further offset."""
    own: Share = 0.25
    """Share of each batch that the generator makes itself, so that the true latent is known."""
    latent: Weight = 0.1
    """Weight of the squared distance from the true latent, on those."""
    iterative: bool = False
    """Sees its last render as well and corrects it."""
    passes: tuple[Share, ...] = (0.4, 0.35, 0.25)
    """With `iterative`: how often the first, second, … pass is the one that learns."""
    channels_last: bool = True
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 about doubles the speed of processors that have it; weights and losses stay in fp32."""

    def __post_init__(self) -> None:
        check(self)
        if self.heads < 0:
            raise BadInput(f"an encoder cannot have {self.heads} heads; 0 gives every style its own")
        if not self.passes or min(self.passes) < 0 or sum(self.passes) <= 0:
            raise BadInput(
                f"passes are shares, none below 0 and some above, not {self.passes}; leave them out"
            )

    def arguments(self, generator: Generator) -> dict[str, Any]:
        """What `networks.build` needs."""
        return {
            "styles": generator.layers, "w_width": generator.w_width, "input_size": self.input_size, "depth": self.depth,
            "base_width": self.base_width, "start_from_average": True, "input_channels": 6 if self.iterative else 3,
            **({"heads": self.heads} if self.heads else {}),
        }  # fmt: skip


SMALL = EncoderSettings(
    base_width=16, depth=18, learning_rate=5e-4, discriminator_rate=1e-4, progressive_from=2000, progressive_every=100,
    precision="bf16", input_size=64,
)  # fmt: skip
SLOWLY = TrainingSchedule(batch=16, report_steps=10, picture_steps=250)
PRESETS: dict[str, Preset[EncoderSettings]] = {
    "e4e": Preset(EncoderSettings(), TrainingSchedule(batch=8)),
    "small64": Preset(SMALL, SLOWLY),
    "small128": Preset(replace(SMALL, input_size=128, base_width=24), SLOWLY),
    "gpu256": Preset(
        EncoderSettings(
            depth=34, base_width=32, learning_rate=3e-4, discriminator_rate=6e-5, progressive_from=5000, progressive_every=500
        ),
        TrainingSchedule(batch=32),
    ),
    "restyle64": Preset(replace(SMALL, iterative=True, heads=10), SLOWLY),
}  # fmt: skip


def encoder_preset(name: str) -> Preset[EncoderSettings]:
    """`e4e`: the published network and losses; `small64`, `small128`: for a CPU; `restyle64` corrects itself; `gpu256`: minutes on one GPU."""
    return choose(PRESETS, name, "encoder")


class EncoderTraining(Trainable):
    """An encoder for one generator, which stays as it is unless somebody names it among the learners (`together`)."""

    def __init__(self, settings: EncoderSettings, generator: Generator, likeness: Likeness) -> None:
        self.settings, self.generator, self.likeness = settings, generator, likeness
        if settings.adversary and settings.pool < 1:
            raise BadInput(
                "the discriminator of codes needs a pool of at least one code; pass adversary=0 to leave it out"
            )

    def __repr__(self) -> str:
        return f"EncoderTraining({self.settings}, {self.likeness})"

    def networks(self) -> Networks:
        generator, settings = self.generator, self.settings
        encoder = build(
            settings.kind, settings.arguments(generator), None, int(torch.randint(2**31, ())), trainable=True
        )
        encoder.latent_avg.copy_(generator.w_average)  # type: ignore[operator]
        if settings.channels_last:
            encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        made: Networks = {"encoder": encoder}
        if settings.adversary:
            made |= {
                "latent discriminator": LatentDiscriminator(generator.w_width),
                "pool": Pool(settings.pool, generator.w_width),
            }
        return made

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        made: dict[str, Optimizer] = {
            "encoder": Adam(networks["encoder"].parameters(), lr=self.settings.learning_rate)
        }
        if "latent discriminator" in networks:
            made["latent discriminator"] = Adam(
                networks["latent discriminator"].parameters(), lr=self.settings.discriminator_rate
            )
        return made

    def phases(self, networks: Networks) -> Sequence[Phase]:
        encoder: Any = networks["encoder"]
        discriminator, pool = networks.get("latent discriminator"), networks.get("pool")

        def stage(moment: Moment) -> int:
            over = moment.step - self.settings.progressive_from
            return 0 if over < 0 else 1 + over // max(self.settings.progressive_every, 1)

        def learn(batch: Any, moment: Moment) -> Mapping[str, Tensor]:
            images, truth = self._mixed(as_images(batch, moment.device), moment)
            encoder.stage = stage(moment)
            with self._precision(moment):
                codes = self._codes(encoder, images, moment)
                made = self.generator(self.generator.styles(codes)).float()
                terms = self.likeness(made, resized(images, made.shape[-1]))
            moment.handed["codes"] = codes.detach()
            terms["delta"] = self.settings.delta * (codes - codes[:, :1]).flatten(2).norm(dim=2).mean()
            if len(truth):
                terms["latent"] = (
                    self.settings.latent * (codes[: len(truth)] - truth[:, None]).square().mean()
                )
            if discriminator is not None:
                terms["adversary"] = self.settings.adversary * generator_loss(
                    discriminator(codes.flatten(0, 1))
                )
            moment.handed["seen"] = torch.cat([images[-8:], resized(made, images.shape[-1])[-8:]]).detach()
            return terms

        def tell_codes(batch: Any, moment: Moment) -> Mapping[str, Tensor]:
            with torch.no_grad():
                codes = moment.handed["codes"]
                row = (moment.draws.uniform(1)[:, 0] * codes.shape[1]).long()
                codes = pool.exchange(codes[torch.arange(len(codes)), row], moment.draws.uniform(1)[:, 0])  # type: ignore[union-attr, operator]
                real = self.generator.map(moment.draws.normal(self.generator.z_width))
            return {"encoded": fake_loss(discriminator(codes)), "mapped": real_loss(discriminator(real))}  # type: ignore[misc]

        def flatten(batch: Any, moment: Moment) -> Mapping[str, Tensor]:
            with torch.no_grad():
                real = self.generator.map(moment.draws.normal(self.generator.z_width))
            real.requires_grad_()
            (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)  # type: ignore[misc]
            return {
                "penalty": gradient.square().sum(1).mean() * (self.settings.r1 / 2 * self.settings.r1_every)
            }

        phases = [Phase("encoder", ("encoder",), learn)]
        if discriminator is not None:
            phases.append(Phase("codes", ("latent discriminator",), tell_codes))
            phases.append(Phase("r1", ("latent discriminator",), flatten, self.settings.r1_every))
        return phases

    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor | None:
        """The last images of a batch above what came of them."""
        seen = handed.get("seen")
        return None if seen is None else grid(seen, len(seen) // 2)

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {"encoder": "encoder"}

    def _codes(self, encoder: Any, images: Images, moment: Moment) -> WPlus:
        """The answer to learn from, [n layers width]: of the only pass, or of one drawn among several."""
        if not self.settings.iterative:
            return encode(encoder, images)
        point = float(moment.draws.some(1, "pass").uniform(1)[0, 0]) * sum(self.settings.passes)
        before = sum(
            point >= sum(self.settings.passes[: i + 1]) for i in range(len(self.settings.passes) - 1)
        )
        codes = self.generator.w_average.expand(len(images), self.generator.layers, -1)
        for number in range(before + 1):
            with torch.set_grad_enabled(number == before):
                made = self._render(codes)
                codes = codes + encoder.codes(torch.cat([images, made], 1)).float()
        return codes

    @torch.no_grad()
    def _render(self, codes: WPlus) -> Images:
        made = self.generator(self.generator.styles(codes)).float()
        return resized(made, self.settings.input_size)

    def _precision(self, moment: Moment) -> torch.autocast:
        half = self.settings.precision == "bf16"
        return torch.autocast(moment.device.type, torch.bfloat16, enabled=half)

    def _mixed(self, images: Images, moment: Moment) -> tuple[Images, Tensor]:
        """The batch with its first images replaced by the generator's own, and the w of those, [k width]."""
        many = int(len(images) * self.settings.own)
        images = resized(images, self.settings.input_size)
        if not many:
            return images, images.new_zeros(0, self.generator.w_width)
        draws = moment.draws.some(1, "own")
        with torch.no_grad(), self._precision(moment):
            w = self.generator.map(draws.normal(self.generator.z_width)[:many]).float()
            made = (
                self.generator(self.generator.styles(w[:, None].repeat(1, self.generator.layers, 1)))
                .float()
                .clamp(-1, 1)
            )
        return torch.cat([resized(made, self.settings.input_size), images[many:]]), w


def encode(encoder: nn.Module, images: Images) -> WPlus:
    """[n layers width]"""
    codes = encoder(images).float()
    return codes if codes.ndim == 3 else codes[:, None]
