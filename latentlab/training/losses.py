"""Adversarial losses and regularisers; scores are the discriminator's raw verdicts, the higher the more real."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

Adversary = Literal["nonsaturating", "wgan", "lsgan", "hinge"]


def generator_loss(verdict: Tensor, kind: Adversary = "nonsaturating") -> Tensor:
    """What the generator pays for the discriminator's verdict on its images."""
    if kind == "nonsaturating":  # Goodfellow et al. 2014
        return softplus(-verdict).mean()
    if kind == "lsgan":  # Mao et al. 2017
        return (verdict - 1).square().mean()
    return -verdict.mean()  # Arjovsky et al. 2017; Miyato et al. 2018


def fake_loss(verdict: Tensor, kind: Adversary = "nonsaturating") -> Tensor:
    """What the discriminator pays for its verdict on generated images."""
    if kind == "nonsaturating":
        return softplus(verdict).mean()
    if kind == "lsgan":
        return verdict.square().mean()
    if kind == "hinge":
        return (1 + verdict).relu().mean()
    return verdict.mean()


def real_loss(verdict: Tensor, kind: Adversary = "nonsaturating") -> Tensor:
    """What the discriminator pays for its verdict on real images."""
    if kind == "nonsaturating":
        return softplus(-verdict).mean()
    if kind == "lsgan":
        return (verdict - 1).square().mean()
    if kind == "hinge":
        return (1 - verdict).relu().mean()
    return -verdict.mean()


def gradient_penalty(verdict: Tensor, images: Tensor) -> Tensor:
    """R1 (Mescheder et al. 2018): the squared gradient of the verdict at real images, [n]; times γ/2."""
    (gradient,) = torch.autograd.grad(verdict.sum(), images, create_graph=True)
    return gradient.float().square().sum((1, 2, 3))


def path_lengths(images: Tensor, w_plus: Tensor, noise: Tensor) -> Tensor:
    """How far an image moves for a step in W along random image directions, [n] (Karras et al. 2020, eq. 4).

    `noise` is N(0, 1) of the images' shape.
    """
    size = images.shape[2] * images.shape[3]
    (gradient,) = torch.autograd.grad((images * noise / size**0.5).sum(), w_plus, create_graph=True)
    return gradient.square().sum(2).mean(1).sqrt()
