"""CAAE: age progression and regression by a conditional adversarial autoencoder (Zhang et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor

from latentlab.baselines.baseline import Baseline, Blueprint, Edited, Grant, Wishes, leave
from latentlab.baselines.drawn import rendered
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.data.batches import Aged
from latentlab.training.losses import fake_loss, generator_loss, real_loss
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks
from latentlab.world.laws import draw_faces

if TYPE_CHECKING:
    from latentlab.world.render import Renderer

LAST_YEARS = (5, 10, 15, 20, 30, 40, 50, 60, 70)
"""Where one age group ends and the next begins: 0-5, 6-10, … 61-70, 71 and older."""


@dataclass(frozen=True)
class CAAE(Baseline):
    """An autoencoder whose code has a uniform prior; age and gender join in front of the generator.

    `published` are the released defaults, which turn off the code's and the smoothness term; `paper` has the weights of
    the paper as remembered (λ 100 on a squared distance, γ 10, adversarial terms 1: not checked against print).
    """

    size: int = 128
    code: int = 50
    """Length of z."""
    discriminator_width: int = 16
    hidden: int = 1024
    """Width of the image discriminator's linear layer."""
    distance: Literal["l1", "l2"] = "l1"
    reconstruction: float = 1.0
    """On the distance of eq. 1."""
    image_weight: float = 1e-4
    """On fooling the image discriminator (eq. 5)."""
    code_weight: float = 0.0
    """On fooling the code's discriminator (eq. 3)."""
    smoothness: float = 0.0
    """On the total variation of eq. 6."""
    warm: int = 0
    """Images that are only reconstructed at first; without an initial model the release takes ten passes."""

    title: ClassVar[str] = "CAAE (Zhang et al. 2017)"
    layout: ClassVar[str] = "utkface"
    world_batch: ClassVar[int] = 16
    acting: ClassVar[tuple[str, ...]] = ("encoder", "generator")
    published_batch: ClassVar[int] = 100
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "published": {},
        "paper": {
            "distance": "l2", "reconstruction": 100.0, "smoothness": 10.0, "image_weight": 1.0, "code_weight": 1.0,
        },
        "world": {"size": 64, "width": 24, "discriminator_width": 12, "hidden": 128, "rate": 5e-4},
    }  # fmt: skip

    @property
    def grants(self) -> Mapping[str, Grant]:
        return {
            "age": Grant("years", 0, 120, 60),
            "gender": Grant("0 male, 1 female; guessed if left out", 0, 1, 0, alone=False),
        }

    def blueprints(self) -> Mapping[str, Blueprint]:
        arguments = {"size": self.size, "width": self.width, "code": self.code}
        judge = {"size": self.size, "width": self.discriminator_width, "hidden": self.hidden}
        return {
            "encoder": ("age_encoder", arguments),
            "generator": ("age_generator", arguments),
            "code_discriminator": ("age_code_discriminator", {"code": self.code}),
            "image_discriminator": ("age_discriminator", judge),
        }

    def phases(self, networks: Networks) -> Sequence[Phase]:
        def rebuild(batch: Aged, moment: Moment) -> Mapping[str, Tensor]:
            code = networks["encoder"](batch.images)
            again = networks["generator"](code, *labels_of(batch))
            leave(moment, batch.images, again)
            if warming(moment):
                return self.reconstruction_losses(batch, again)
            return self.reconstruction_losses(batch, again) | self.prior_losses(networks, batch, code, again)

        def warming(moment: Moment) -> bool:
            return moment.images < self.warm

        def learned(moment: Moment) -> bool:
            return not warming(moment)

        def judge_codes(batch: Aged, moment: Moment) -> Mapping[str, Tensor]:
            prior = 2 * moment.draws.uniform(self.code).to(batch.images) - 1
            return self.code_losses(networks, batch, prior)

        def judge_images(batch: Aged, moment: Moment) -> Mapping[str, Tensor]:
            return self.image_losses(networks, batch)

        return (
            Phase("code_discriminator", ("code_discriminator",), judge_codes, when=learned),
            Phase("image_discriminator", ("image_discriminator",), judge_images, when=learned),
            Phase("autoencoder", ("encoder", "generator"), rebuild),
        )

    def reconstruction_losses(self, batch: Aged, again: Images) -> dict[str, Tensor]:
        """Eq. 1."""
        away = again - batch.images
        error = away.abs().mean() if self.distance == "l1" else away.square().mean()
        return {"reconstruction": self.reconstruction * error}

    def prior_losses(self, networks: Networks, batch: Aged, code: Tensor, again: Images) -> dict[str, Tensor]:
        """The other terms of eq. 7 for encoder and generator; those of weight 0 are left out."""
        labels = labels_of(batch)
        terms = (
            (
                "fool_image",
                self.image_weight,
                lambda: generator_loss(networks["image_discriminator"](again, *labels)),
            ),
            ("fool_code", self.code_weight, lambda: generator_loss(networks["code_discriminator"](code))),
            ("smoothness", self.smoothness, lambda: total_variation(again)),
        )
        return {name: weight * term() for name, weight, term in terms if weight}

    def code_losses(self, networks: Networks, batch: Aged, prior: Tensor) -> dict[str, Tensor]:
        """Eq. 2: draws of the prior [n code] from codes of pictures."""
        with torch.no_grad():
            code = networks["encoder"](batch.images)
        discriminator = networks["code_discriminator"]
        return {"real": real_loss(discriminator(prior)), "fake": fake_loss(discriminator(code))}

    def image_losses(self, networks: Networks, batch: Aged) -> dict[str, Tensor]:
        """Eq. 4: pictures from reconstructions, each with its labels."""
        labels = labels_of(batch)
        with torch.no_grad():
            again = networks["generator"](networks["encoder"](batch.images), *labels)
        discriminator = networks["image_discriminator"]
        return {
            "real": real_loss(discriminator(batch.images, *labels)),
            "fake": fake_loss(discriminator(again, *labels)),
        }

    def edit(self, networks: Networks, faces: Images, wishes: Wishes) -> Edited:
        code = networks["encoder"](faces)
        age = torch.full((len(faces),), float(wishes["age"].value or 0.0), device=faces.device)
        if "gender" in wishes:
            gender = torch.full_like(age, float(wishes["gender"].value or 0.0))
        else:
            gender = self.guess_gender(networks, faces, code)
        return Edited(networks["generator"](code, age_labels(age), gender_labels(gender)))

    def guess_gender(self, networks: Networks, faces: Images, code: Tensor) -> Tensor:
        """0 or 1 [n]: whichever label, at its best age, rebuilds a face more nearly."""
        best = []
        for gender in (0.0, 1.0):
            errors = []
            for group in range(len(LAST_YEARS) + 1):
                ages = -torch.ones(len(faces), len(LAST_YEARS) + 1, device=faces.device)
                ages[:, group] = 1
                one = gender_labels(torch.full((len(faces),), gender, device=faces.device))
                again = networks["generator"](code, ages, one)
                errors.append((again - faces).abs().flatten(1).mean(1))
            best.append(torch.stack(errors).amin(0))
        return (best[1] < best[0]).float()

    def draw(self, renderer: Renderer, numbers: Sequence[int], seed: int) -> Aged:
        faces = [draw_faces(1, "natural", seed, number)[0] for number in numbers]
        ages = torch.tensor([face.age for face in faces])
        women = torch.tensor([float(face.presentation < 0) for face in faces])
        return Aged(rendered(renderer, faces, self.size).images, ages, women, torch.full_like(ages, -1.0))


def labels_of(batch: Aged) -> tuple[Tensor, Tensor]:
    """Age and gender as the networks read them."""
    return age_labels(batch.ages), gender_labels(batch.genders)


def age_labels(ages: Tensor) -> Tensor:
    """Years [n] → one-hot of ten groups with values -1 and +1, [n 10]; BadInput for an age that is none."""
    if not bool(((ages >= 0) & (ages <= 120)).all()):
        raise BadInput("an age is below 0 or above 120 years; CAAE's ten age groups reach from 0 to 120")
    edges = torch.tensor(LAST_YEARS, device=ages.device, dtype=ages.dtype)
    group = torch.bucketize(ages.floor().contiguous(), edges)
    return 2 * torch.nn.functional.one_hot(group, len(LAST_YEARS) + 1).to(ages.dtype) - 1


def gender_labels(genders: Tensor) -> Tensor:
    """0 or 1 [n] → one-hot with values -1 and +1, [n 2]."""
    if not bool(((genders == 0) | (genders == 1)).all()):
        raise BadInput("a gender is neither 0 (male) nor 1 (female), as UTKFace counts")
    return 2 * torch.nn.functional.one_hot(genders.long(), 2).to(genders.dtype) - 1


def total_variation(images: Images) -> Tensor:
    """Mean squared difference of neighbours, down and across (Mahendran and Vedaldi 2015 with β = 2)."""
    down, across = images[:, :, 1:] - images[:, :, :-1], images[..., 1:] - images[..., :-1]
    return down.square().mean() + across.square().mean()
