"""The losses that all StyleGANs share: fool the discriminator, tell real from generated, stay flat at real images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from latentlab.data.batches import as_images, labels_of
from latentlab.training.ema import follow
from latentlab.training.losses import fake_loss, generator_loss, gradient_penalty, real_loss
from latentlab.training.phase import Moment
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.backbones.stylegan import StyleGAN


class AdversarialLosses:
    """The losses of one training, bound to its networks."""

    def __init__(self, model: StyleGAN, networks: Networks) -> None:
        self.model, self.networks = model, networks
        self.sampler = model.sampler
        self.G: Any = networks["G"]
        self.D: Any = networks["D"]
        self.augment: Any = networks.get("augment")

    def generator(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Fool the discriminator."""
        self.hold()
        labels = labels_of(batch)
        w_plus = self.sampler.latents(self.G, moment.draws, labels)
        self.G.mapping.update_average(moment.processes.mean(w_plus[:, 0].float().mean(0, keepdim=True)))
        images = self.sampler.images(self.G, w_plus, moment)
        if self.model.reuse_fakes:
            moment.handed["fakes"] = images.detach()
        return {"fool": generator_loss(self.verdict(images, labels, moment), self.model.adversary)}

    def discriminator(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Tell real from generated."""
        self.hold()
        labels = labels_of(batch)
        images = moment.handed.get("fakes")
        if images is None:
            with torch.no_grad():
                w_plus = self.sampler.latents(self.G, moment.draws, labels)
                images = self.sampler.images(self.G, w_plus, moment)
        fake = self.verdict(images, labels, moment)
        real = self.verdict(as_images(batch, moment.device), labels, moment)
        if self.augment is not None:
            self.augment.note(real)
        return {"fake": fake_loss(fake, self.model.adversary), "real": real_loss(real, self.model.adversary)}

    def r1(self, batch: Any, moment: Moment) -> Mapping[str, Tensor]:
        """Keep the discriminator flat at real images."""
        self.hold()
        images = as_images(batch, moment.device).requires_grad_()
        with exactly(self.D):
            penalty = gradient_penalty(self.verdict(images, labels_of(batch), moment), images)
        return {"penalty": penalty.mean() * (self.model.r1 / 2 * self.model.r1_every)}

    def after(self, moment: Moment) -> None:
        """The averaged generator follows; the augmentation adapts."""
        self.average(moment)
        if self.augment is not None:
            self.augment.adapt(moment)

    def average(self, moment: Moment) -> None:
        """The averaged generator follows."""
        model, shown = self.model, moment.images + moment.batch
        follow(self.networks["G_ema"], self.G, shown, moment.batch, model.ema_images, model.ema_ramp)

    def verdict(self, images: Tensor, labels: Tensor | None, moment: Moment) -> Tensor:
        """The discriminator's logits, [n]."""
        images = self.model.before_verdict(images, moment)
        if self.augment is not None:
            images = self.augment(images, moment.draws)
        return self.D(images, labels).float()[:, 0]

    def hold(self) -> None:
        """What was frozen by the settings stays frozen, though the trainer has just released it."""
        if self.model.freeze_mapping:
            self.G.mapping.requires_grad_(False)
        for block in list(self.D.blocks())[: self.model.freeze_discriminator]:
            block.requires_grad_(False)


@contextmanager
def exactly(*networks: nn.Module) -> Iterator[None]:
    """In single precision: second gradients of half formats are too coarse for the regularisers."""
    before = [network.compute_dtype for network in networks]
    for network in networks:
        network.compute_dtype = torch.float32  # type: ignore[assignment]
    try:
        yield
    finally:
        for network, dtype in zip(networks, before, strict=True):
            network.compute_dtype = dtype
