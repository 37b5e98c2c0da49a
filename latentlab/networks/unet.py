"""The U-Net generator and the patch discriminator of pix2pix (Isola et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from latentlab.core.errors import BadInput
from latentlab.networks.beginnings import normal_start, xavier_start


@dataclass(frozen=True)
class UNetArguments:
    """How the generator is made; as published for 256²."""

    before: int = 3
    """Channels of what goes in."""
    after: int = 3
    """Channels of what comes out."""
    width: int = 64
    levels: int = 8
    """Halvings."""
    dropped: int = 3
    """Innermost decoder layers with dropout, the network's only noise: the three of the authors' Lua. A later port leaves
    out the very innermost."""

    def __post_init__(self) -> None:
        if min(self.before, self.after, self.width) < 1 or self.levels < 2 or self.dropped < 0:
            raise BadInput(f"a U-Net needs channels and at least 2 levels, not {self}")


@dataclass(frozen=True)
class PatchArguments:
    """How the patch discriminator is made; three layers judge 70×70 pixels."""

    channels: int = 3
    """Of what it sees: a picture, or a picture and its condition side by side."""
    width: int = 64
    layers: int = 3
    norm: Literal["batch", "instance", "none"] = "batch"
    slope: float = 0.2
    """Of the leaky ReLU below zero."""
    spectral: bool = False
    """Spectral normalisation of every convolution (Miyato et al. 2018)."""
    law: Literal["normal", "xavier"] = "normal"
    """How fresh weights are drawn: N(0, 0.02), or after Glorot and Bengio."""

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise BadInput(
                f"no normalisation is called '{self.norm}' for patches; there are: {', '.join(NORMS)}"
            )
        if self.law not in ("normal", "xavier"):
            raise BadInput(f"no law of fresh weights is called '{self.law}'; there are: normal, xavier")
        if min(self.channels, self.width, self.layers) < 1:
            raise BadInput(f"a patch discriminator needs channels and layers, not {self}")


NORMS = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,
    "none": lambda width: nn.Identity(),
}


class Level(nn.Module):
    """Halve, go through what lies inside, double, and append what came in."""

    def __init__(
        self, before: int, width: int, after: int, inside: Level | None, *, outermost: bool, drop: bool
    ) -> None:
        super().__init__()
        self.outermost = outermost
        down: list[nn.Module] = [] if outermost else [nn.LeakyReLU(0.2)]
        down.append(nn.Conv2d(before, width, 4, 2, 1, bias=outermost or inside is None))
        if not outermost and inside is not None:
            down.append(nn.BatchNorm2d(width))
        up: list[nn.Module] = [
            nn.ReLU(),
            nn.ConvTranspose2d(width if inside is None else 2 * width, after, 4, 2, 1, bias=outermost),
        ]
        up += [nn.Tanh()] if outermost else [nn.BatchNorm2d(after)]
        if drop:
            up.append(AlwaysDropout())
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up)
        self.inside = inside

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        y = self.up(y if self.inside is None else self.inside(y))
        return y if self.outermost else torch.cat([x, y], dim=1)


class AlwaysDropout(nn.Module):
    """Dropout that stays on at test time: it is this network's only noise."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, training=True)


class UNet(nn.Module):
    """Images [n before h w] → [n after h w] in [-1, 1]; the sides are multiples of 2 to the power of `levels`.

    Convolutions in front of a norm have no bias: the norm would subtract it again.
    """

    kind = "unet"
    Arguments: ClassVar = UNetArguments

    def __init__(self, arguments: UNetArguments) -> None:
        super().__init__()
        before, levels = arguments.before, arguments.levels
        widths = [arguments.width * min(2**level, 8) for level in range(levels)]
        inside: Level | None = None
        for level in reversed(range(levels)):
            outer = before if level == 0 else widths[level - 1]
            drop = levels - 1 - level < arguments.dropped and level > 0
            back = arguments.after if level == 0 else outer
            inside = Level(outer, widths[level], back, inside, outermost=level == 0, drop=drop)
        self.outermost = inside

    def start(self, source: torch.Generator) -> None:
        normal_start(self, source)

    def forward(self, x: Tensor) -> Tensor:
        return self.outermost(x)  # type: ignore[misc]


class PatchDiscriminator(nn.Module):
    """Logits for overlapping patches, [n 1 rows columns]."""

    kind = "patchgan"
    Arguments: ClassVar = PatchArguments

    def __init__(self, arguments: PatchArguments) -> None:
        super().__init__()
        width, layers = arguments.width, arguments.layers
        parts: list[nn.Module] = [
            nn.Conv2d(arguments.channels, width, 4, 2, 1),
            nn.LeakyReLU(arguments.slope),
        ]
        before = width
        for index in range(1, layers + 1):
            after = width * min(2**index, 8)
            stride = 2 if index < layers else 1
            parts += [
                nn.Conv2d(before, after, 4, stride, 1, bias=arguments.norm != "batch"),
                NORMS[arguments.norm](after),  # type: ignore[operator]
                nn.LeakyReLU(arguments.slope),
            ]
            before = after
        parts.append(nn.Conv2d(before, 1, 4, 1, 1))
        self.law = arguments.law
        self.layers = nn.Sequential(*parts)
        for layer in self.layers if arguments.spectral else ():
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)

    def start(self, source: torch.Generator) -> None:
        (xavier_start if self.law == "xavier" else normal_start)(self, source)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)
