"""Encoder, generator and the two discriminators of CAAE (Zhang et al. 2017, Fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.beginnings import truncated_start
from latentlab.networks.same import SameConvolution, SameTransposed


@dataclass(frozen=True)
class AgeArguments:
    """How encoder and generator are made."""

    size: int = 128
    """A power of two: it halves down to 4."""
    width: int = 64
    """Channels of the encoder's first layer; they double."""
    code: int = 50
    """Length of z."""
    ages: int = 10
    """Age groups."""

    def __post_init__(self) -> None:
        check_side(self.size)


@dataclass(frozen=True)
class CodeArguments:
    """How D_z is made."""

    code: int = 50


@dataclass(frozen=True)
class JudgeArguments:
    """How D_img is made."""

    size: int = 128
    width: int = 16
    ages: int = 10
    hidden: int = 1024
    """Width of its linear layer."""

    def __post_init__(self) -> None:
        check_side(self.size)


def check_side(size: int) -> None:
    """BadInput for a side that does not halve down to 4."""
    if size < 16 or size & (size - 1):
        raise BadInput(f"a side of {size} pixels does not halve down to 4; take a power of two from 16 on")


CODE_WIDTHS = (64, 32, 16)
"""Of the layers of D_z."""


class ShiftedBatchNorm(nn.Module):
    """Batch norm with a shift and no scale, as the release has it."""

    def __init__(self, width: int, axes: int) -> None:
        super().__init__()
        kind = nn.BatchNorm1d if axes == 1 else nn.BatchNorm2d
        self.norm = kind(width, eps=1e-3, momentum=1e-3, affine=False)
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) + self.shift.view(1, -1, *[1] * (x.ndim - 2))


class AgeEncoder(nn.Module):
    """Images [n 3 size size] → z [n code] in (-1, 1); the size halves down to 4."""

    kind = "age_encoder"
    Arguments: ClassVar = AgeArguments

    def __init__(self, arguments: AgeArguments) -> None:
        super().__init__()
        before, parts = 3, []
        for index in range(halvings(arguments.size)):
            after = arguments.width * 2**index
            parts += [SameConvolution(before, after), nn.ReLU()]
            before = after
        self.layers = nn.Sequential(*parts, nn.Flatten(), nn.Linear(16 * before, arguments.code), nn.Tanh())

    def start(self, source: torch.Generator) -> None:
        truncated_start(self, source)

    def forward(self, images: Images) -> Tensor:
        return self.layers(images)


class AgeGenerator(nn.Module):
    """z [n code] with age [n ages] and gender [n 2], each -1/+1 and repeated to about the length of z → images."""

    kind = "age_generator"
    Arguments: ClassVar = AgeArguments

    def __init__(self, arguments: AgeArguments) -> None:
        super().__init__()
        code, ages, steps = arguments.code, arguments.ages, halvings(arguments.size)
        self.repeats = (max(1, code // ages), max(1, code // 2))
        wide = arguments.width * 2 ** (steps - 1)
        entering = code + self.repeats[0] * ages + self.repeats[1] * 2
        self.first = nn.Sequential(nn.Linear(entering, 16 * wide), nn.ReLU(), nn.Unflatten(1, (wide, 4, 4)))
        parts: list[nn.Module] = []
        for index in range(steps):
            parts += [SameTransposed(wide // 2**index, wide // 2 ** (index + 1)), nn.ReLU()]
        last = wide // 2**steps
        parts += [SameTransposed(last, max(last // 2, 1), stride=1), nn.ReLU()]
        self.layers = nn.Sequential(*parts, SameTransposed(max(last // 2, 1), 3, stride=1), nn.Tanh())

    def start(self, source: torch.Generator) -> None:
        truncated_start(self, source)

    def forward(self, code: Tensor, age: Tensor, gender: Tensor) -> Images:
        labels = (age.repeat(1, self.repeats[0]), gender.repeat(1, self.repeats[1]))
        return self.layers(self.first(torch.cat([code, *labels], dim=1)))


class CodeDiscriminator(nn.Module):
    """D_z: z [n code] → a logit [n 1], the higher the more it looks like the prior."""

    kind = "age_code_discriminator"
    Arguments: ClassVar = CodeArguments

    def __init__(self, arguments: CodeArguments) -> None:
        super().__init__()
        before, parts = arguments.code, []
        for after in CODE_WIDTHS:
            parts += [nn.Linear(before, after), ShiftedBatchNorm(after, 1), nn.ReLU()]
            before = after
        self.layers = nn.Sequential(*parts, nn.Linear(before, 1))

    def start(self, source: torch.Generator) -> None:
        truncated_start(self, source)

    def forward(self, code: Tensor) -> Tensor:
        return self.layers(code)


class AgeDiscriminator(nn.Module):
    """D_img: images with age [n ages] and gender [n 2] → a logit [n 1]; labels join as maps after the first layer."""

    kind = "age_discriminator"
    Arguments: ClassVar = JudgeArguments

    def __init__(self, arguments: JudgeArguments) -> None:
        super().__init__()
        width, ages, hidden = arguments.width, arguments.ages, arguments.hidden
        self.gender_repeats = max(1, ages // 2)
        self.first = nn.Sequential(SameConvolution(3, width), ShiftedBatchNorm(width, 2), nn.ReLU())
        before, parts = width + ages + 2 * self.gender_repeats, []
        for index in (1, 2, 3):
            after = width * 2**index
            parts += [SameConvolution(before, after), ShiftedBatchNorm(after, 2), nn.ReLU()]
            before = after
        cells = (arguments.size // 16) ** 2
        parts += [nn.Flatten(), nn.Linear(before * cells, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)]
        self.layers = nn.Sequential(*parts)

    def start(self, source: torch.Generator) -> None:
        truncated_start(self, source)

    def forward(self, images: Images, age: Tensor, gender: Tensor) -> Tensor:
        x = self.first(images)
        labels = torch.cat([age, gender.repeat(1, self.gender_repeats)], dim=1)
        maps = labels[:, :, None, None].expand(-1, -1, *x.shape[-2:])
        return self.layers(torch.cat([x, maps], dim=1))


def halvings(size: int) -> int:
    """How often a side halves until 4 pixels are left."""
    return (size // 4).bit_length() - 1
