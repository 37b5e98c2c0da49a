"""The U-Net generator and the patch discriminator of pix2pix (Isola et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput


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
    """Inner levels with dropout, the network's only noise."""

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

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise BadInput(
                f"no normalisation is called '{self.norm}' for patches; there are: {', '.join(NORMS)}"
            )
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
    """Images [n before h w] → [n after h w] in [-1, 1]; the sides are multiples of 2 to the power of `levels`."""

    kind = "unet"
    Arguments: ClassVar = UNetArguments

    def __init__(self, arguments: UNetArguments) -> None:
        super().__init__()
        before, levels = arguments.before, arguments.levels
        widths = [arguments.width * min(2**level, 8) for level in range(levels)]
        inside: Level | None = None
        for level in reversed(range(levels)):
            outer = before if level == 0 else widths[level - 1]
            drop = 0 < levels - 1 - level <= arguments.dropped and level > 0
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
        parts: list[nn.Module] = [nn.Conv2d(arguments.channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        before = width
        for index in range(1, layers + 1):
            after = width * min(2**index, 8)
            stride = 2 if index < layers else 1
            parts += [
                nn.Conv2d(before, after, 4, stride, 1, bias=arguments.norm != "batch"),
                NORMS[arguments.norm](after),
                nn.LeakyReLU(0.2),
            ]
            before = after
        parts.append(nn.Conv2d(before, 1, 4, 1, 1))
        self.layers = nn.Sequential(*parts)

    def start(self, source: torch.Generator) -> None:
        normal_start(self, source)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def normal_start(network: nn.Module, source: torch.Generator) -> None:
    """N(0, 0.02) for convolutions, N(1, 0.02) for the scales of norms, as published."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.normal_(0, 0.02, generator=source)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.normal_(1, 0.02, generator=source)
            module.bias.zero_()
