"""What teaching a StyleGAN of any generation shares: two adversaries, R1, an averaged generator, augmentation."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from latentlab.backbones.adversarial import AdversarialLosses
from latentlab.backbones.sampler import Sampler
from latentlab.core.image import grid
from latentlab.core.ranges import (
    Batch,
    Between,
    MoreThan,
    PowerOfTwo,
    Rate,
    Share,
    Steps,
    Weight,
    Width,
    check,
)
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.networks.build import build
from latentlab.networks.sizes import channels_for
from latentlab.training.ada import Ada
from latentlab.training.augment import Pipe
from latentlab.training.losses import Adversary
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks, Trainable

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": None}
"""fp16 leaves the choice to the network: its largest resolutions on a GPU, as published."""
FILES = {"G_ema": "generator", "D": "discriminator", "E": "encoder"}
"""Networks of a training that are worth a file, and the file's name."""


@dataclass(frozen=True)
class StyleGAN(Trainable):
    """Settings that all generations have; `backbones.presets` has the published ones."""

    resolution: Annotated[int, PowerOfTwo(4, 4096)] = 256
    """Images are squares of this side."""
    colours: Annotated[int, Between(1, 8)] = 3
    """Channels of the images: 1 is grey, 3 RGB, 4 RGBA, others as they are packed."""
    channel_base: Annotated[int, Between(1, 1_000_000)] = 16384
    """A layer of resolution r has min(channel_base / r, channel_max) channels."""
    channel_max: Width = 512
    z_width: Width = 512
    w_width: Width = 512
    mapping_layers: Annotated[int, Between(1, 64)] = 8
    condition_width: Annotated[int, Between(0, 1_000_000)] = 0
    """Number of classes; 0 trains without labels."""
    discriminator_base: Annotated[int, Between(0, 1_000_000)] = 0
    """Channel base of the discriminator; 0 is that of the generator."""
    minibatch_group: Batch = 4
    """Images over which the discriminator measures the deviation of a batch."""
    discriminator_architecture: str = "resnet"
    learning_rate: Rate = 0.0025
    discriminator_rate: Annotated[float, Between(0, 10)] = 0.0
    """Learning rate of the discriminator; 0 is that of the generator."""
    adversary: Adversary = "nonsaturating"
    r1: Weight = 1.0
    """γ: weight of the squared gradient at real images."""
    r1_every: Steps = 16
    mixing: Share = 0.9
    """How often two styles are mixed."""
    ema_images: Annotated[float, Between(0, 1e12)] = 10_000.0
    """Half-life of the averaged generator."""
    ema_ramp: Annotated[float, MoreThan(0, 1000)] | None = 0.05
    """At most this share of the images shown so far; None starts with the full half-life."""
    augment: Literal["none", "ada", "fixed"] = "none"
    augment_target: Annotated[float, Between(-1, 1)] = 0.6
    augment_speed: Annotated[float, MoreThan(0, 1e9)] = 500.0
    """Thousands of images in which the strength can go from 0 to 1."""
    augment_strength: Share = 0.2
    """With `fixed`."""
    augment_flip: bool = True
    precision: Precision = "fp32"
    half_resolutions: Annotated[int, Between(0, 12)] = 0
    """With fp16 on a GPU: how many of the largest resolutions compute in it (published: 4, with clamp 256)."""
    clamp: Annotated[float, MoreThan(0, 1e9)] | None = None
    channels_last: bool = True
    reuse_fakes: bool = False
    """The discriminator learns from the images that the generator has just made, which saves a synthesis in each step."""
    freeze_discriminator: Annotated[int, Between(0, 12)] = 0
    """Largest resolutions of the discriminator that stay as they were (freeze-D, Mo et al. 2020)."""
    freeze_mapping: bool = False
    extra: tuple[tuple[str, Any], ...] = ()
    """Further arguments of the generator, by name; they win over those above."""
    discriminator_extra: tuple[tuple[str, Any], ...] = ()
    """The same of the discriminator."""

    def __post_init__(self) -> None:
        check(self)

    @property
    @abstractmethod
    def generator_kind(self) -> str:
        """The generator's kind in `networks.KINDS`."""

    @abstractmethod
    def body_arguments(self) -> dict[str, Any]:
        """The generator's arguments that this generation adds."""

    @property
    def discriminator_kind(self) -> str:
        """The discriminator's kind in `networks.KINDS`."""
        return "stylegan2_discriminator"

    @property
    def group(self) -> int:
        return self.minibatch_group

    @property
    def sampler(self) -> Sampler:
        """From random draws to images."""
        return Sampler(self.mixing)

    @property
    def lazy_steps(self) -> int:
        """Every so many steps a regulariser of the generator adds one; 0: none does."""
        return 0

    def adversaries_learn(self, moment: Moment) -> bool:
        """Whether generator and discriminator learn against each other yet."""
        return True

    def before_verdict(self, images: Images, moment: Moment) -> Images:
        """What the discriminator is shown of images, real or generated."""
        return images

    def first_phases(self, losses: AdversarialLosses) -> Sequence[Phase]:
        """What runs before the generator's turn."""
        return ()

    def regularisers(self, losses: AdversarialLosses) -> Sequence[Phase]:
        """What runs between the generator's turn and the discriminator's."""
        return ()

    def more_networks(self, seed: int) -> Networks:
        """Networks that only this generation has."""
        return {}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what is learnt from: a parent's own, where there is one."""
        given = dict(self.extra)
        height, width = given.get("constant", (4, 4))
        side = self.resolution // 4
        return int(given.get("colours", self.colours)), side * int(height), side * int(width)

    def _shape_arguments(self) -> dict[str, Any]:
        """What both networks have to know of images that are no squares in three colours."""
        colours, height, width = self.image_shape
        square = height == width == self.resolution
        constant = (
            {} if square else {"constant": [height * 4 // self.resolution, width * 4 // self.resolution]}
        )
        return ({} if colours == 3 else {"colours": colours}) | constant

    def channel_table(self, base: int) -> dict[str, int]:
        """Channels by resolution, as JSON has them."""
        table = channels_for(self.resolution, base, self.channel_max)
        return {str(size): count for size, count in table.items()}

    def generator_arguments(self) -> dict[str, Any]:
        """What `networks.build` needs for the generator."""
        return {
            "resolution": self.resolution, "z_width": self.z_width, "w_width": self.w_width,
            "condition_width": self.condition_width, "mapping_layers": self.mapping_layers,
        } | self._shape_arguments() | self.body_arguments() | dict(self.extra)  # fmt: skip

    def discriminator_arguments(self) -> dict[str, Any]:
        """What `networks.build` needs for the discriminator."""
        return {
            "resolution": self.resolution, "channels": self.channel_table(self.discriminator_base or self.channel_base),
            "condition_width": self.condition_width, "architecture": self.discriminator_architecture,
            "group_size": self.minibatch_group, "clamp": self.clamp, "half_resolutions": self.half_resolutions,
        } | self._shape_arguments() | dict(self.discriminator_extra)  # fmt: skip

    def networks(self) -> Networks:
        seed = int(torch.randint(2**31, ()))
        generator = build(self.generator_kind, self.generator_arguments(), None, seed, trainable=True)
        discriminator = build(
            self.discriminator_kind, self.discriminator_arguments(), None, seed + 1, trainable=True
        )
        made: Networks = {"G": generator, "D": discriminator, **self.more_networks(seed + 2)}
        for network in made.values():
            if hasattr(network, "compute_dtype"):
                network.compute_dtype = DTYPES[self.precision]  # type: ignore[assignment]
            if self.channels_last:
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        made["G_ema"] = copy.deepcopy(generator).eval()
        if self.augment != "none":
            fixed = self.augment_strength if self.augment == "fixed" else None
            pipe = Pipe(flip=self.augment_flip)
            made["augment"] = Ada(self.augment_target, self.augment_speed, pipe=pipe, fixed=fixed)
        return made

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        """Adam(0, .99), corrected for the steps that the lazy regularisers add (Karras et al. 2020, Appendix B)."""
        rates = {
            "D": (self.discriminator_rate or self.learning_rate, self.r1_every if self.r1 else 0),
            "E": (self.learning_rate, 0),
            "G": (self.learning_rate, self.lazy_steps),
        }
        return {name: _adam(networks[name], *rates[name]) for name in rates if name in networks}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        losses = AdversarialLosses(self, networks)
        ready = self.adversaries_learn
        made = [*self.first_phases(losses), Phase("generator", ("G",), losses.generator, when=ready)]
        made += self.regularisers(losses)
        made.append(Phase("discriminator", ("D",), losses.discriminator, when=ready, after=losses.after))
        if self.r1:
            made.append(Phase("r1", ("D",), losses.r1, self.r1_every, ready))
        return made

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {name: file for name, file in FILES.items() if name in networks}

    @torch.no_grad()
    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor:
        """Two rows at ψ .7, two at ψ 1, always of the same seeds."""
        average: Any = networks["G_ema"]
        z = draw_z(range(16), average.z_width).to(average.device)
        condition = None
        if classes := average.condition_width:
            condition = torch.eye(classes, device=z.device)[torch.arange(16) % classes]
        w = average.map(z, condition)[:, None].repeat(1, average.layers, 1)
        images = [average(average.styles(average.truncate(w, psi))) for psi in (0.7, 1.0)]
        return grid(torch.cat(images).float(), 8)


def _adam(network: nn.Module, rate: float, every: int) -> Optimizer:
    share = every / (every + 1) if every else 1.0
    return Adam(network.parameters(), lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8)
