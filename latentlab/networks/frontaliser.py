"""Regressor, generator and discriminator of FF-GAN (Yin et al. 2017) with CASIA-Net trunks (Yi et al. 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images

STAGES = ((1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (4.0, 8.0), (5.0, 10.0))
"""Widths of CASIA-Net's ten layers as multiples of the first; the size halves after each pair but the last."""


@dataclass(frozen=True)
class RegressorArguments:
    """How R is made."""

    outputs: int = 276
    width: int = 32


@dataclass(frozen=True)
class FrontaliserArguments:
    """How G is made."""

    size: int = 100
    coefficients: int = 276
    width: int = 32
    code: int = 320
    """Numbers of the picture that join the coefficients."""

    def __post_init__(self) -> None:
        if min(self.size // 16, self.coefficients, self.width, self.code) < 1:
            raise BadInput(f"a frontaliser needs at least 16 pixels, coefficients and channels, not {self}")


@dataclass(frozen=True)
class TwoWayArguments:
    """How D is made."""

    size: int = 100
    width: int = 32


def casia_trunk(width: int = 32) -> nn.Sequential:
    """Images [n 3 h w] → [n 10·width], averaged over places: ten 3×3 layers with batch norm and ReLU."""
    before, parts = 3, []
    for number, stage in enumerate(STAGES):
        for multiple in stage:
            after = round(multiple * width)
            parts += [nn.Conv2d(before, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            before = after
        if number < len(STAGES) - 1:
            parts.append(nn.MaxPool2d(2, 2, ceil_mode=True))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class CoefficientRegressor(nn.Module):
    """R: images → coefficients of the face model [n outputs], in standard deviations of the training set."""

    kind = "coefficient_regressor"
    Arguments: ClassVar = RegressorArguments

    def __init__(self, arguments: RegressorArguments) -> None:
        super().__init__()
        width = arguments.width
        self.trunk, self.head = casia_trunk(width), nn.Linear(10 * width, arguments.outputs)

    def forward(self, images: Images) -> Tensor:
        return self.head(self.trunk(images))


class Frontaliser(nn.Module):
    """G: images [n 3 size size] and coefficients [n c] → the frontal face; both meet in the narrowest layer."""

    kind = "frontaliser"
    Arguments: ClassVar = FrontaliserArguments

    def __init__(self, arguments: FrontaliserArguments) -> None:
        super().__init__()
        width, code = arguments.width, arguments.code
        self.trunk = casia_trunk(width)
        self.sides = halved_sides(arguments.size)
        wide = 8 * width
        self.code = nn.Linear(10 * width, code)
        cells = wide * self.sides[0] ** 2
        self.first = nn.Sequential(nn.Linear(code + arguments.coefficients, cells), nn.ReLU())
        self.layers = nn.ModuleList()
        before = wide
        for _ in self.sides[1:]:
            after = max(before // 2, width)
            self.layers.append(_upward(before, after))
            before = after
        self.last = nn.Conv2d(before, 3, 3, 1, 1)

    def forward(self, images: Images, coefficients: Tensor) -> Images:
        code = torch.cat([self.code(self.trunk(images)), coefficients], dim=1)
        x = self.first(code).unflatten(1, (-1, self.sides[0], self.sides[0]))
        for layer, side in zip(self.layers, self.sides[1:], strict=True):
            x = layer(F.interpolate(x, (side, side)))
        return self.last(x).tanh()


class TwoWayDiscriminator(nn.Module):
    """D: images → two logits [n 2], generated and real; five strided convolutions and a linear layer."""

    kind = "two_way_discriminator"
    Arguments: ClassVar = TwoWayArguments

    def __init__(self, arguments: TwoWayArguments) -> None:
        super().__init__()
        before, parts, side = 3, [], arguments.size
        for index in range(5):
            after = arguments.width * min(2**index, 8)
            parts += [nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.2)]
            before, side = after, -(-side // 2)
        self.layers = nn.Sequential(*parts, nn.Flatten(), nn.Linear(before * side * side, 2))

    def forward(self, images: Images) -> Tensor:
        return self.layers(images)


def halved_sides(size: int) -> list[int]:
    """Four halvings, rounded up, the smallest first: 7, 13, 25, 50, 100."""
    sides = [size]
    for _ in range(4):
        sides.insert(0, -(-sides[0] // 2))
    return sides


def _upward(before: int, after: int) -> nn.Module:
    layers: list[nn.Module] = []
    for entering in (before, after):
        layers += [nn.Conv2d(entering, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)
