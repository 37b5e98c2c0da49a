"""Encoders into W and W+: e4e (Tov et al. 2021), pSp (Richardson et al. 2021) and their one-layer variants."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.shapes import Images, WPlus
from latentlab.networks.layers import FullyConnected
from latentlab.networks.trunk import Trunk

COARSE, MEDIUM = 3, 7
"""Heads below 3 read the features of 1/16 of the size, heads below 7 those of 1/8, the others those of 1/4."""


@dataclass(frozen=True)
class EncoderArguments:
    """How an encoder is made."""

    styles: int = 18
    """Layers of the generator."""
    start_from_average: bool = True
    """The answer is added to the generator's average w."""
    input_size: int = 256
    depth: int = 50
    se: bool = True
    """Squeeze-and-excitation in the trunk."""
    input_channels: int = 3
    base_width: int = 64
    w_width: int = 512
    heads: int = 0
    """Styles with a head of their own, the finest sharing the last; 0: all of them, as published."""


class StyleHead(nn.Module):
    """Strided convolutions down to one vector, then an equalised linear map."""

    def __init__(self, size: int, width: int, w_width: int) -> None:
        super().__init__()
        self.width = width
        layers: list[nn.Module] = []
        for _ in range(int(math.log2(size))):
            layers += [nn.Conv2d(width, width, 3, 2, 1), nn.LeakyReLU(0.01)]
        self.convs = nn.Sequential(*layers)
        self.linear = FullyConnected(width, w_width)

    def start(self, source: torch.Generator) -> None:
        for module in self.convs:
            if isinstance(module, nn.Conv2d):
                module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=source)
                module.bias.zero_()  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).reshape(-1, self.width))


class Encoder(Trunk):
    """Images [n c h w] in [-1, 1], 256² as published, → W+ [n styles width]."""

    Arguments: ClassVar = EncoderArguments

    def __init__(self, arguments: EncoderArguments) -> None:
        super().__init__(arguments.depth, arguments.se, arguments.input_channels, arguments.base_width)
        self.count, self.input_size, self.w_width = arguments.styles, arguments.input_size, arguments.w_width
        self.own_heads = min(arguments.heads, self.count) or self.count
        average = torch.zeros(self.count, self.w_width) if arguments.start_from_average else None
        self.latent_avg: Tensor | None
        self.register_buffer("latent_avg", average)
        self.assemble(self.widths[-1])

    @abstractmethod
    def assemble(self, width: int) -> None:
        """Make what follows the trunk, whose last feature map has `width` channels."""

    @abstractmethod
    def codes(self, images: Images) -> WPlus:
        """The styles before the average is added."""

    def forward(self, images: Images) -> WPlus:
        codes = self.codes(images)
        return codes if self.latent_avg is None else codes + self.latent_avg.to(codes.dtype)


class Pyramid(Encoder):
    """The feature pyramid that e4e and pSp share, with one head for each style as published.

    With fewer `heads` the finest styles, which mostly set colours, share the last one.
    """

    def assemble(self, width: int) -> None:
        sizes = [self.input_size // 16] * COARSE + [self.input_size // 8] * (MEDIUM - COARSE)
        sizes = (sizes + [self.input_size // 4] * self.count)[: self.own_heads]
        self.styles = nn.ModuleList(StyleHead(size, width, self.w_width) for size in sizes)
        self.latlayer1 = nn.Conv2d(width // 2, width, 1)
        self.latlayer2 = nn.Conv2d(width // 4, width, 1)

    def features(self, images: Images) -> tuple[Tensor, Tensor, Tensor]:
        """Trunk features of 1/4, 1/8 and 1/16 of the size: as published 128, 256 and 512 channels."""
        fine, medium, coarse = self.walk(images, self.ends[1:])
        return fine, medium, coarse

    def heads(self, images: Images, count: int) -> list[Tensor]:
        """What the first `count` styles get from their heads, each reading its level of the pyramid."""
        shared = max(count - self.own_heads, 0)
        count -= shared
        fine, medium, coarse = self.features(images)
        levels = [coarse]
        if count > COARSE:
            levels.append(_enlarge_onto(coarse, self.latlayer1(medium)))
        if count > MEDIUM:
            levels.append(_enlarge_onto(levels[1], self.latlayer2(fine)))
        chosen = [0 if i < COARSE else 1 if i < MEDIUM else 2 for i in range(count)]
        answers = [self.styles[i](levels[level]) for i, level in enumerate(chosen)]
        return answers + answers[-1:] * shared


def _enlarge_onto(small: Tensor, large: Tensor) -> Tensor:
    return F.interpolate(small, large.shape[-2:], mode="bilinear", align_corners=True) + large


class EncoderE4E(Pyramid):
    """e4e: one w for all styles, plus an offset for each style from the second on; `stage` offsets are switched on."""

    kind = "encoder_e4e"
    stage: int | None = None
    """None for all of them; 0 encodes into W alone (progressive training)."""

    def codes(self, images: Images) -> WPlus:
        stage = self.count - 1 if self.stage is None else min(self.stage, self.count - 1)
        first, *offsets = self.heads(images, 1 + stage)
        codes = [first] + [first + offset for offset in offsets]
        codes += [first] * (self.count - len(codes))
        return torch.stack(codes, dim=1)


class EncoderPSP(Pyramid):
    """pSp: each style from its own head."""

    kind = "encoder_psp"

    def codes(self, images: Images) -> WPlus:
        return torch.stack(self.heads(images, self.count), dim=1)


class EncoderW(Encoder):
    """One w from the pooled trunk, the same for all styles."""

    kind = "encoder_w"

    def assemble(self, width: int) -> None:
        self.linear = FullyConnected(width, self.w_width)

    def codes(self, images: Images) -> WPlus:
        (features,) = self.walk(images, self.ends[-1:])
        w = self.linear(features.mean((2, 3)))
        return w[:, None].repeat(1, self.count, 1)


class EncoderLast(Encoder):
    """All styles from the last feature map, by two linear maps."""

    kind = "encoder_last"

    def assemble(self, width: int) -> None:
        inner = nn.Linear(width * 49, self.w_width)
        self.output_layer_2 = nn.Sequential(
            nn.BatchNorm2d(width), nn.AdaptiveAvgPool2d(7), nn.Flatten(), inner
        )
        self.linear = FullyConnected(self.w_width, self.w_width * self.count)

    def start(self, source: torch.Generator) -> None:
        super().start(source)
        inner = self.output_layer_2[3]
        inner.weight.normal_(0, inner.in_features**-0.5, generator=source)  # type: ignore[operator, arg-type]
        inner.bias.zero_()  # type: ignore[operator]

    def codes(self, images: Images) -> WPlus:
        (features,) = self.walk(images, self.ends[-1:])
        return self.linear(self.output_layer_2(features)).reshape(-1, self.count, self.w_width)
