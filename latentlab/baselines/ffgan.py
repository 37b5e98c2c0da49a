"""FF-GAN: towards large-pose face frontalization in the wild (Yin et al., ICCV 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.coefficients import POSE, coefficients, seen_before
from latentlab.baselines.drawn import drawn, rendered
from latentlab.baselines.perception import recogniser
from latentlab.core.shapes import Images
from latentlab.data.batches import Batch, Posed
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks

if TYPE_CHECKING:
    from latentlab.world.render import Renderer

OURS = (POSE, 100, 57)
"""Camera, identity and expression of the face model that ships: what `world` regresses."""
PUBLISHED = (POSE, 199, 29, 40)
"""Camera, identity, expression and texture of the Basel face model, whose licence keeps it from being shipped."""


@dataclass(frozen=True, eq=False)
class Turned(Batch):
    """A turned face, the same from the front, and what is known of it."""

    images: Images
    frontal: Images
    coefficients: Tensor
    """[n c]"""
    seen: Tensor
    """Which pixels of the frontal face were not hidden before, [n 1 h w]."""


class Scale(nn.Module):
    """Mean and deviation of the coefficients so far, so that the regressor learns in standard deviations."""

    mean: Tensor
    square: Tensor
    count: Tensor

    def __init__(self, length: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(length))
        self.register_buffer("square", torch.ones(length))
        self.register_buffer("count", torch.zeros(()))

    @torch.no_grad()
    def take(self, values: Tensor) -> None:
        """Count a batch in."""
        share = len(values) / (self.count + len(values))
        self.mean.lerp_(values.mean(0).to(self.mean), float(share))
        self.square.lerp_(values.square().mean(0).to(self.square), float(share))
        self.count += len(values)

    def forward(self, values: Tensor) -> Tensor:
        deviation = (self.square - self.mean.square()).clamp_min(1e-6).sqrt()
        return ((values - self.mean) / deviation).clamp(-5, 5)


@dataclass(frozen=True)
class FFGAN(Baseline):
    """Brings a turned face to the front, told by the coefficients of a morphable model.

    A re-implementation: no public code was found. Modules (R, G, D, C), losses and stages are the paper's; its weights
    were not recovered, and those here are our starting point; what lies between CASIA-Net's features and the picture is
    ours. C is our frozen identity embedding, so the third stage trains R, G and D. `published` has the coefficients
    of 300W-LP (eq. 1), `world` those of the face model that ships.
    """

    size: int = 100
    width: int = 32
    groups: tuple[int, ...] = PUBLISHED
    """How many coefficients of each kind; all kinds weigh alike in the regression (W of eq. 4)."""
    code: int = 320
    distance: float = 1.0
    """On the L1 distance to the true frontal face (eq. 6)."""
    smoothness: float = 1e-3
    """On the total variation (eq. 7)."""
    symmetry: float = 0.1
    """On the difference from the mirror image where the face was not hidden (eq. 8)."""
    adversarial: float = 0.01
    """On -log D (eq. 9)."""
    identity: float = 0.05
    """On the distance of the embeddings (eq. 10)."""
    alone: int = 200_000
    """Images for which the regressor learns alone."""
    joint: int = 400_000
    """Images after which the regressor learns from the generator's losses too."""

    title: ClassVar[str] = "FF-GAN (Yin et al. 2017)"
    layout: ClassVar[str] = "300w-lp"
    world_batch: ClassVar[int] = 16
    acting: ClassVar[tuple[str, ...]] = ("regressor", "generator")
    published_batch: ClassVar[int] = 64
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "world": {
            "size": 64, "width": 16, "groups": OURS, "code": 128, "alone": 6_000, "joint": 30_000, "rate": 5e-4,
            "momentum": 0.9,
        },
    }  # fmt: skip

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {"frontal": Grant("the face looks into the camera")}

    def blueprints(self) -> Mapping[str, Blueprint]:
        length = sum(self.groups)
        own = {"size": self.size, "width": self.width}
        return {
            "regressor": ("coefficient_regressor", {"outputs": length, "width": self.width}),
            "generator": ("frontaliser", {**own, "coefficients": length, "code": self.code}),
            "discriminator": ("two_way_discriminator", own),
        }

    def beside(self) -> Networks:
        return {"scale": Scale(sum(self.groups)), "recogniser": recogniser()}

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def regress(batch: Turned, moment: Moment) -> Mapping[str, Tensor]:
            networks["scale"].take(batch.coefficients)  # type: ignore[operator]
            return self.regressor_losses(networks, batch)

        def judge(batch: Turned, moment: Moment) -> Mapping[str, Tensor]:
            with torch.no_grad():
                fake = networks["generator"](batch.images, networks["regressor"](batch.images))
            return self.discriminator_losses(networks, batch, fake)

        def turn(batch: Turned, moment: Moment) -> Mapping[str, Tensor]:
            fake = networks["generator"](batch.images, networks["regressor"](batch.images))
            leave(moment, batch.images, fake, batch.frontal)
            return self.generator_losses(networks, batch, fake)

        def together(batch: Turned, moment: Moment) -> Mapping[str, Tensor]:
            return {**turn(batch, moment), **self.regressor_losses(networks, batch)}

        return (
            Phase("regressor", ("regressor",), regress),
            Phase("discriminator", ("discriminator",), judge, when=lambda now: now.images >= self.alone),
            Phase("generator", ("generator",), turn, when=lambda now: self.alone <= now.images < self.joint),
            Phase("joint", ("regressor", "generator"), together, when=lambda now: now.images >= self.joint),
        )

    def regressor_losses(self, networks: Networks, batch: Turned) -> dict[str, Tensor]:
        """Eq. 4: squared errors in standard deviations, a mean for each kind of coefficient."""
        error = (networks["regressor"](batch.images) - networks["scale"](batch.coefficients)).square()
        parts = error.split(list(self.groups), dim=1)
        return {f"coefficients_{place}": part.mean() for place, part in enumerate(parts)}

    def discriminator_losses(self, networks: Networks, batch: Turned, fake: Images) -> dict[str, Tensor]:
        """Eq. 5, as a choice between two."""
        discriminator = networks["discriminator"]
        return {
            "real": cross_entropy(discriminator(batch.frontal), _class(batch, 1)),
            "fake": cross_entropy(discriminator(fake.detach()), _class(batch, 0)),
        }

    def generator_losses(self, networks: Networks, batch: Turned, fake: Images) -> dict[str, Tensor]:
        """Eq. 11: the sum of eq. 6 to 10."""
        who = networks["recogniser"]
        return {
            "distance": self.distance * (fake - batch.frontal).abs().mean(),
            "smoothness": self.smoothness * roughness(fake),
            "symmetry": self.symmetry * asymmetry(fake, batch.seen),
            "fool": self.adversarial * cross_entropy(networks["discriminator"](fake), _class(batch, 1)),
            "identity": self.identity * (who(fake) - who(batch.images)).square().sum(1).mean(),
        }

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        return Edited(networks["generator"](faces, networks["regressor"](faces)))

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> Turned:
        from latentlab.world.model import load_face_model

        pairs = drawn("frontal", numbers, seed)
        before = rendered(renderer, [pair.before for pair in pairs], self.size)
        after = rendered(renderer, [pair.after for pair in pairs], self.size)
        seen = seen_before(after.normals, before.pose, after.pose)
        return Turned(before.images, after.images, coefficients(load_face_model(), before), seen)

    def from_reader(self, batch: Batch) -> Turned:
        """300W-LP: the least turned picture of each photo is the frontal one; what was hidden follows from a sphere."""
        assert isinstance(batch, Posed), "the reader of 300W-LP hands out posed faces"
        camera = torch.cat([batch.angles / 90, batch.camera / 100, torch.zeros(len(batch), 1)], dim=1)
        fitted = torch.cat([camera, batch.shape / 1e6, batch.expression, batch.texture], dim=1)
        pose = torch.stack([-batch.angles[:, 1], -batch.angles[:, 0], batch.angles[:, 2]], dim=1)
        side = batch.images.shape[-1]
        normals = ball(side)[None].expand(len(batch), -1, -1, -1)
        return Turned(batch.images, batch.frontal, fitted, seen_before(normals, pose, torch.zeros_like(pose)))


def _class(batch: Turned, number: int) -> Tensor:
    return torch.full((len(batch),), number, device=batch.images.device)


def roughness(images: Images) -> Tensor:
    """Total variation: mean absolute difference of neighbours, down and across."""
    down, across = images[:, :, 1:] - images[:, :, :-1], images[..., 1:] - images[..., :-1]
    return down.abs().mean() + across.abs().mean()


def asymmetry(images: Images, seen: Tensor) -> Tensor:
    """Mean absolute difference from the mirror image, where the input showed the face (M of eq. 8)."""
    return (seen * (images - images.flip(-1))).abs().mean()


def ball(side: int) -> Tensor:
    """Normals [3 side side] of a ball that fills the picture: a stand-in for a face whose surface is not known."""
    places = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(-places, places, indexing="ij")
    inside = x.square() + y.square() < 1
    z = (1 - x.square() - y.square()).clamp_min(0).sqrt()
    return torch.stack([x, y, z]) * inside
