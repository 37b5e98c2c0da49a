"""One pass of an encoder: Tov et al. 2021 (e4e), Richardson et al. 2021 (pSp), or one of our own.

An encoder that was trained to correct itself (six channels, see `refine`) begins at the average, as in its first pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from latentlab.core.errors import MissingPart, WrongGenerator
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Between
from latentlab.core.shapes import Images
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish
from latentlab.inversion.objective import visible
from latentlab.inversion.resize import resize
from latentlab.inversion.statistics import average

SETTLING = 2
"""Further passes of an iterating encoder before a descent; most of what they bring, the first three bring."""


@dataclass(frozen=True)
class Encode(Inverter):
    """The encoder's answer, as it is."""

    passes: Annotated[int, Between(1, 100)] = 2
    """With a mask: how often the hidden part is filled with the last reconstruction and encoded again."""

    batched: ClassVar[bool] = True

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        encoder = need_encoder(given, method="encode")
        whole = bool((mask == 1).all())

        with torch.no_grad():
            latent = encode(encoder, generator, first_sight(generator, faces, target, mask))
            for _ in range(0 if whole else self.passes - 1):
                filled = visible(target, mask, generator.render(latent))
                latent = encode(encoder, generator, filled)
        result = finish(generator, (target, mask), latent, given)
        return replace(result, seconds=watch.seconds, steps=1, method=repr(self))


def first_sight(generator: Generator, faces: Images, target: Images, mask: Tensor) -> Images:
    """What an encoder sees first: the face at its own size, or with the average face where the mask hides it."""
    if bool((mask == 1).all()):
        return faces.to(target)
    return visible(target, mask, generator.render(average(generator, Space.W_PLUS, len(target))))


def need_encoder(given: Given, method: str) -> nn.Module:
    """The encoder at hand; MissingPart with a way out else."""
    if given.encoder is None:
        raise MissingPart(
            f"the method '{method}' needs an encoder trained for this network, and none came with it; "
            "use `method` descend, or train one: latentlab train-encoder"
        )
    return given.encoder


def iterates(encoder: nn.Module) -> bool:
    """Whether it was trained to see its last render beside the photo."""
    return input_channels(encoder) == 6


def input_channels(encoder: nn.Module) -> int:
    """How many channels the first convolution of an encoder reads."""
    declared = getattr(encoder, "input_channels", None)
    if isinstance(declared, int):
        return declared
    return next((m.in_channels for m in encoder.modules() if isinstance(m, nn.Conv2d)), 3)


def encode(encoder: nn.Module, generator: Generator, faces: Images) -> Latent:
    """The latent an encoder gives in one pass, as a W+; WrongGenerator where it belongs to another network."""
    if iterates(encoder):
        return look_again(encoder, generator, faces, average(generator, Space.W_PLUS, len(faces)))
    size = int(getattr(encoder, "input_size", 256))
    values: Tensor = encoder(resize(faces, size)).to(generator.w_average)
    return fitting(values, generator)


def settle(encoder: nn.Module, generator: Generator, faces: Images) -> Latent:
    """The best an encoder gives quickly, to begin a descent with: its one pass, or the first three of one that iterates."""
    latent = encode(encoder, generator, faces)
    for _ in range(SETTLING if iterates(encoder) else 0):
        latent = look_again(encoder, generator, faces, latent)
    return latent


def look_again(encoder: nn.Module, generator: Generator, faces: Images, latent: Latent) -> Latent:
    """A W+ with the correction that an iterating encoder gives it; the average that others add stays out."""
    size = int(getattr(encoder, "input_size", 256))
    pair = torch.cat([resize(faces, size), resize(generator.render(latent), size)], dim=1)  # [n 6 size size]
    answer = getattr(encoder, "codes", encoder)(pair).to(generator.w_average)
    return latent.with_values(latent.values + fitting(answer, generator).values)


def fitting(values: Tensor, generator: Generator) -> Latent:
    """An encoder's answer, in W or W+ by its shape, as a W+."""
    expected = ((generator.w_width,), (generator.layers, generator.w_width))
    if tuple(values.shape[1:]) not in expected:
        raise WrongGenerator(
            f"this encoder answers with the shape {tuple(values.shape[1:])}, the network takes {expected[1]}; "
            "it was trained for another network"
        )
    latent = Latent(Space.W if values.ndim == 2 else Space.W_PLUS, values)
    return generator.lift(latent, Space.W_PLUS)
