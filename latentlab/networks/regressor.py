"""Small networks from an image to numbers: three architectures that share nothing but their interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.attention_trunk import FINAL, AttentionTrunk


def fit_to(images: Images, size: int) -> Images:
    """Square images at the size a network reads: antialiased when they shrink, bicubic when they grow."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images, (size, size), mode="bicubic", antialias=True, align_corners=False)


class ResidualUnit(nn.Module):
    """Two 3×3 convolutions with batch norm around a shortcut (He et al. 2016); the first one may halve the size."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm0 = nn.BatchNorm2d(after)
        self.conv1 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.skip = nn.Conv2d(before, after, 1, bias=False) if before != after else None

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm1(self.conv1(F.relu(self.norm0(self.conv0(x)))))
        shortcut = x if inner.shape[-1] == x.shape[-1] else F.avg_pool2d(x, 2, ceil_mode=True)
        return F.relu(inner + (shortcut if self.skip is None else self.skip(shortcut)))


HALVINGS = 4
"""How often a trunk halves the picture unless told otherwise; each halving doubles the channels."""


def residual_trunk(width: int, halvings: int = HALVINGS, depth: int = 1) -> nn.Sequential:
    """Stem and `depth` residual units at each size, one more where the picture is an eighth."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, width, 3, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]
    for stage in range(1, halvings):
        after = width * 2**stage
        layers.append(ResidualUnit(after // 2, after, 2))
        layers += [ResidualUnit(after, after, 1) for _ in range(depth - 1 + (stage == 2))]
    return nn.Sequential(*layers)


def plain_trunk(width: int, halvings: int = HALVINGS, depth: int = 1) -> nn.Sequential:
    """No shortcuts: 5×5 stem, strided 4×4 convolutions, each with `depth` - 1 of 3×3 behind it, SiLU, group norm."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 5, 2, 2), nn.SiLU(inplace=True)]
    for stage in range(1, halvings):
        after = width * 2**stage
        layers += [nn.Conv2d(after // 2, after, 4, 2, 1), nn.GroupNorm(8, after), nn.SiLU(inplace=True)]
        for _ in range(max(depth - 1, stage == halvings - 1)):
            layers += [nn.Conv2d(after, after, 3, 1, 1), nn.GroupNorm(8, after), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers)


TRUNKS = {"residual": residual_trunk, "plain": plain_trunk}
"""Those of convolutions alone."""
ATTENTION = "attention"


@dataclass(frozen=True)
class RegressorArguments:
    """How such a network is made."""

    trunk: str
    """residual, plain or attention"""
    width: int
    """Channels of the first stage."""
    size: int
    """Pixels a side that it reads."""
    outputs: int
    halvings: int = HALVINGS
    depth: int = 1
    """Convolutions (plain) or residual units at each size; blocks of attention."""

    def __post_init__(self) -> None:
        if self.trunk not in (*TRUNKS, ATTENTION):
            raise BadInput(f"no trunk is called '{self.trunk}'; there are: {', '.join((*TRUNKS, ATTENTION))}")
        if self.depth < 1:
            raise BadInput(f"a trunk has a depth of at least 1, not {self.depth}")

    def build_trunk(self) -> nn.Module:
        """Images of `size` to a small map of features."""
        if self.trunk == ATTENTION:
            return AttentionTrunk(self.width, self.size, self.halvings, self.depth)
        return TRUNKS[self.trunk](self.width, self.halvings, self.depth)

    @property
    def features(self) -> int:
        """How many numbers that map is."""
        side = -(-self.size // 2**self.halvings)
        return (FINAL if self.trunk == ATTENTION else self.width * 2 ** (self.halvings - 1)) * side**2


class Regressor(nn.Module):
    """Images [n 3 h w] in [-1, 1] to [n outputs], on the outputs' own scale (mean and spread are stored)."""

    kind = "scorer"
    Arguments: ClassVar = RegressorArguments
    mean: Tensor
    spread: Tensor

    def __init__(self, arguments: RegressorArguments) -> None:
        super().__init__()
        outputs = arguments.outputs
        self.size = arguments.size
        self.trunk = arguments.build_trunk()
        self.mix = nn.Linear(arguments.features, 256)
        self.head = nn.Linear(256, outputs)
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("spread", torch.ones(outputs))

    def features(self, images: Images) -> Tensor:
        """The last hidden layer, [n 256]: a feature space for distances between distributions."""
        x = self.trunk(fit_to(images, self.size).contiguous(memory_format=torch.channels_last))
        return F.silu(self.mix(x.flatten(1)))

    def normalised(self, images: Images) -> Tensor:
        """Outputs in standard deviations, as they are trained."""
        return self.head(self.features(images))

    def forward(self, images: Images) -> Tensor:
        return self.normalised(images).float() * self.spread + self.mean


class Embedder(nn.Module):
    """Images to unit vectors [n width_out]: who it is, for losses (Deng et al. 2019 train it by angular margins)."""

    kind = "embedding"
    Arguments: ClassVar = RegressorArguments

    def __init__(self, arguments: RegressorArguments) -> None:
        super().__init__()
        self.inner = Regressor(arguments)

    def forward(self, images: Images) -> Tensor:
        return F.normalize(self.inner.normalised(images).float(), dim=1)
