"""Teaching StyleGAN2: skip generator, residual discriminator, lazy regularisers (Karras et al. 2020), ADA (Karras et al. 2020b).

The generator that ships with the project, on a CPU and in the background, in legs that continue one another:

    OMP_NUM_THREADS=1 nice -n 19 python -m latentlab.backbones.train --preset faces64-cpu --data PACK.npy \\
        --out RUN --images 400000 --resume

It stops at a SIGTERM after the step under way, with everything saved; the same line goes on from there.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from latentlab.backbones.sampler import Sampler
from latentlab.backbones.warm_start import WarmStart
from latentlab.core.errors import BadInput
from latentlab.core.image import grid
from latentlab.core.seeds import draw_z
from latentlab.data.batches import as_images, labels_of
from latentlab.networks.build import build
from latentlab.networks.sizes import channels_for
from latentlab.training.ada import Ada
from latentlab.training.augment import Pipe
from latentlab.training.ema import follow
from latentlab.training.losses import (
    Adversary,
    fake_loss,
    generator_loss,
    gradient_penalty,
    path_lengths,
    real_loss,
)
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks, Trainable

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": None}
"""fp16 leaves the choice to the network: its largest resolutions on a GPU, as published."""


FILES = {"G_ema": "generator", "D": "discriminator", "E": "encoder"}
"""Networks of a training that are worth a file, and the file's name."""


class PathLength(nn.Module):
    """The running mean of path lengths."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))


@dataclass(frozen=True)
class StyleGAN2(Trainable):
    """Settings of a training; `latentlab.backbones.presets` has the published ones."""

    resolution: int = 256
    """Images are squares of this side."""
    channel_base: int = 16384
    """A layer of resolution r has min(channel_base / r, channel_max) channels."""
    channel_max: int = 512
    z_width: int = 512
    w_width: int = 512
    mapping_layers: int = 8
    condition_width: int = 0
    """Number of classes; 0 trains without labels."""
    discriminator_base: int = 0
    """Channel base of the discriminator; 0 is that of the generator."""
    minibatch_group: int = 4
    """Images over which the discriminator measures the deviation of a batch."""
    discriminator_architecture: str = "resnet"
    learning_rate: float = 0.0025
    discriminator_rate: float = 0.0
    """Learning rate of the discriminator; 0 is that of the generator."""
    adversary: Adversary = "nonsaturating"
    r1: float = 1.0
    """γ: weight of the squared gradient at real images."""
    r1_every: int = 16
    path_length: float = 2.0
    """Weight of the path-length regulariser; 0 leaves it out."""
    path_every: int = 4
    path_decay: float = 0.01
    path_shrink: int = 2
    """Path lengths are measured on the so-manieth part of a batch."""
    mixing: float = 0.9
    """How often two styles are mixed."""
    ema_images: float = 10_000.0
    """Half-life of the averaged generator."""
    ema_ramp: float | None = 0.05
    """At most this share of the images shown so far; None starts with the full half-life."""
    augment: Literal["none", "ada", "fixed"] = "none"
    augment_target: float = 0.6
    augment_speed: float = 500.0
    """Thousands of images in which the strength can go from 0 to 1."""
    augment_strength: float = 0.2
    """With `fixed`."""
    augment_flip: bool = True
    precision: Precision = "fp32"
    half_resolutions: int = 0
    """With fp16 on a GPU: how many of the largest resolutions compute in it (published: 4, with clamp 256)."""
    clamp: float | None = None
    channels_last: bool = True
    reuse_fakes: bool = False
    """The discriminator learns from the images that the generator has just made, which saves a synthesis in each step."""
    noise_from: int = 0
    """Images after which the noise inputs are switched on; before, the weights have to do all the drawing."""
    warm_start: int = 0
    """Images during which the generator learns as the decoder of an autoencoder, before any discriminator."""
    warm_weight: float = 1.0
    """Weight of the posterior's distance from N(0, 1) during the warm start."""
    freeze_discriminator: int = 0
    """Largest resolutions of the discriminator that stay as they were (freeze-D, Mo et al. 2020)."""
    freeze_mapping: bool = False
    blur_images: float = 0.0
    """Images over which a blur of the discriminator's input (σ 10 pixels at first) fades away (StyleGAN3)."""
    kind: str = "stylegan2"
    """Kind of the generator."""
    extra: tuple[tuple[str, Any], ...] = ()
    """Further arguments of the generator, by name; they win over those above."""
    discriminator_extra: tuple[tuple[str, Any], ...] = ()
    """The same of the discriminator."""

    def __post_init__(self) -> None:
        if self.resolution < 4 or self.resolution & (self.resolution - 1):
            raise BadInput(
                f"a resolution of {self.resolution} is impossible; choose a power of two from 4 on"
            )
        for name in ("r1_every", "path_every", "path_shrink", "minibatch_group"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} has to be at least 1, not {getattr(self, name)}")

    @property
    def group(self) -> int:
        return self.minibatch_group

    def generator_arguments(self) -> dict[str, Any]:
        """What `networks.build` needs for the generator."""
        common: dict[str, Any] = {
            "resolution": self.resolution, "z_width": self.z_width, "w_width": self.w_width,
            "condition_width": self.condition_width, "mapping_layers": self.mapping_layers,
        }  # fmt: skip
        if self.kind == "stylegan2":
            table = channels_for(self.resolution, self.channel_base, self.channel_max)
            common |= {"channels": {str(size): count for size, count in table.items()}}
            common |= {"clamp": self.clamp, "half_resolutions": self.half_resolutions}
        return common | dict(self.extra)

    def discriminator_arguments(self) -> dict[str, Any]:
        """What `networks.build` needs for the discriminator."""
        table = channels_for(self.resolution, self.discriminator_base or self.channel_base, self.channel_max)
        return {
            "resolution": self.resolution, "channels": {str(size): count for size, count in table.items()},
            "condition_width": self.condition_width, "architecture": self.discriminator_architecture,
            "group_size": self.minibatch_group, "clamp": self.clamp, "half_resolutions": self.half_resolutions,
        } | dict(self.discriminator_extra)  # fmt: skip

    def networks(self) -> Networks:
        seed = int(torch.randint(2**31, ()))
        generator = build(self.kind, self.generator_arguments(), None, seed, trainable=True)
        made: Networks = {
            "G": generator,
            "D": build(
                "stylegan2_discriminator", self.discriminator_arguments(), None, seed + 1, trainable=True
            ),
        }
        if self.warm_start:
            made["E"] = WarmStart(self).encoder(seed + 2)
        for network in made.values():
            network.compute_dtype = DTYPES[self.precision]  # type: ignore[assignment]
            if self.channels_last:
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        made["G_ema"] = copy.deepcopy(generator).eval()
        made["path"] = PathLength()
        if self.augment != "none":
            fixed = self.augment_strength if self.augment == "fixed" else None
            made["augment"] = Ada(
                self.augment_target, self.augment_speed, pipe=Pipe(flip=self.augment_flip), fixed=fixed
            )
        return made

    def optimizers(self, networks: Networks) -> Mapping[str, Optimizer]:
        """Adam(0, .99), corrected for the steps that the lazy regularisers add (Karras et al. 2020, Appendix B)."""
        rates = {
            "G": (self.learning_rate, self.path_every if self.path_length else 0),
            "D": (self.discriminator_rate or self.learning_rate, self.r1_every if self.r1 else 0),
            "E": (self.learning_rate, 0),
        }
        made: dict[str, Optimizer] = {}
        for name in rates.keys() & networks.keys():
            rate, every = rates[name]
            share = every / (every + 1) if every else 1.0
            made[name] = Adam(
                networks[name].parameters(), lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8
            )
        return dict(sorted(made.items()))

    def phases(self, networks: Networks) -> Sequence[Phase]:
        losses = AdversarialLosses(self, networks)
        warming, warm = self.is_warming, lambda moment: not self.is_warming(moment)
        made = []
        if self.warm_start:
            made.append(Phase("warm", ("E", "G"), losses.warm, when=warming, after=losses.average))
        made.append(Phase("generator", ("G",), losses.generator, when=warm))
        if self.path_length:
            made.append(Phase("path", ("G",), losses.path, self.path_every, warm))
        made.append(Phase("discriminator", ("D",), losses.discriminator, when=warm, after=losses.after))
        if self.r1:
            made.append(Phase("r1", ("D",), losses.r1, self.r1_every, warm))
        return made

    def is_warming(self, moment: Moment) -> bool:
        """Whether the autoencoder still learns instead of the adversaries."""
        return moment.images < self.warm_start

    def parts(self, networks: Networks) -> Mapping[str, str]:
        return {name: file for name, file in FILES.items() if name in networks}

    @torch.no_grad()
    def picture(self, networks: Networks, handed: Mapping[str, Any]) -> Tensor:
        """Two rows at ψ .7, two at ψ 1, always of the same seeds."""
        average: Any = networks["G_ema"]
        z = draw_z(range(16), average.z_width).to(average.device)
        condition = None
        if average.condition_width:
            condition = torch.eye(average.condition_width, device=z.device)[
                torch.arange(16) % average.condition_width
            ]
        w = average.map(z, condition)[:, None].repeat(1, average.layers, 1)
        images = [average(average.styles(average.truncate(w, psi))) for psi in (0.7, 1.0)]
        return grid(torch.cat(images).float(), 8)


@contextmanager
def exactly(*networks: nn.Module) -> Any:
    """In single precision: second gradients of half formats are too coarse for the regularisers."""
    before = [network.compute_dtype for network in networks]
    for network in networks:
        network.compute_dtype = torch.float32  # type: ignore[assignment]
    try:
        yield
    finally:
        for network, dtype in zip(networks, before, strict=True):
            network.compute_dtype = dtype


class AdversarialLosses:
    """The losses of one training, bound to its networks."""

    def __init__(self, model: StyleGAN2, networks: Networks) -> None:
        self.model, self.networks = model, networks
        self.sampler = Sampler(model.mixing, model.noise_from)
        self.G: Any = networks["G"]
        self.D: Any = networks["D"]
        self.augment: Any = networks.get("augment")
        self.start = WarmStart(model)

    def warm(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """The autoencoder's losses."""
        return self.start.losses(self.networks["E"], self.G, as_images(batch, moment.device), moment)

    def generator(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Fool the discriminator."""
        self._hold()
        labels = labels_of(batch)
        w_plus = self.sampler.latents(self.G, moment.draws, labels)
        self._update_average(w_plus, moment)
        images = self.sampler.images(self.G, w_plus, moment)
        if self.model.reuse_fakes:
            moment.handed["fakes"] = images.detach()
        return {"fool": generator_loss(self._verdict(images, labels, moment), self.model.adversary)}

    def path(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Keep equal steps in W equally visible."""
        self._hold()
        draws = moment.draws.some(self.model.path_shrink)
        labels = labels_of(batch)
        labels = None if labels is None else labels[:: self.model.path_shrink]
        running: Any = self.networks["path"].mean
        with exactly(self.G):
            w_plus = self.sampler.latents(self.G, draws, labels)
            images = self.sampler.images(self.G, w_plus, moment, draws)
            lengths = path_lengths(images, w_plus, draws.large_normal(*images.shape[1:]))
        mean = running.lerp(moment.processes.mean(lengths.mean()), self.model.path_decay)
        running.copy_(mean)
        penalty = (lengths - mean).square().mean()
        return {"penalty": penalty * self.model.path_length * self.model.path_every}

    def discriminator(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Tell real from generated."""
        self._hold()
        labels = labels_of(batch)
        images = moment.handed.get("fakes")
        if images is None:
            with torch.no_grad():
                images = self.sampler.images(
                    self.G, self.sampler.latents(self.G, moment.draws, labels), moment
                )
        fake = self._verdict(images, labels, moment)
        real = self._verdict(as_images(batch, moment.device), labels, moment)
        if self.augment is not None:
            self.augment.note(real)
        return {"fake": fake_loss(fake, self.model.adversary), "real": real_loss(real, self.model.adversary)}

    def r1(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Keep the discriminator flat at real images."""
        self._hold()
        images = as_images(batch, moment.device).requires_grad_()
        with exactly(self.D):
            penalty = gradient_penalty(self._verdict(images, labels_of(batch), moment), images)
        return {"penalty": penalty.mean() * (self.model.r1 / 2 * self.model.r1_every)}

    def after(self, moment: Moment) -> None:
        """The averaged generator follows; the augmentation adapts."""
        self.average(moment)
        if self.augment is not None:
            self.augment.adapt(moment)

    def average(self, moment: Moment) -> None:
        """The averaged generator follows."""
        follow(
            self.networks["G_ema"],
            self.G,
            moment.images + moment.batch,
            moment.batch,
            self.model.ema_images,
            self.model.ema_ramp,
        )

    def _verdict(self, images: Tensor, labels: Tensor | None, moment: Moment) -> Tensor:
        if self.model.blur_images:
            images = self.sampler.blur(images, 10 * (1 - moment.images / self.model.blur_images))
        if self.augment is not None:
            images = self.augment(images, moment.draws)
        return self.D(images, labels).float()[:, 0]

    def _update_average(self, w_plus: Tensor, moment: Moment) -> None:
        self.G.mapping.update_average(moment.processes.mean(w_plus[:, 0].float().mean(0, keepdim=True)))

    def _hold(self) -> None:
        """What was frozen by the settings stays frozen, though the trainer has just released it."""
        if self.model.freeze_mapping:
            self.G.mapping.requires_grad_(False)
        for block in list(self.D.blocks())[: self.model.freeze_discriminator]:
            block.requires_grad_(False)
