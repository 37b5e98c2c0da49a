"""The U-Net generator and the patch discriminator of pix2pix (Isola et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


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

    def __init__(
        self, before: int = 3, after: int = 3, width: int = 64, levels: int = 8, dropped: int = 3
    ) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(levels)]
        inside: Level | None = None
        for level in reversed(range(levels)):
            outer = before if level == 0 else widths[level - 1]
            drop = 0 < levels - 1 - level <= dropped and level > 0
            back = after if level == 0 else outer
            inside = Level(outer, widths[level], back, inside, outermost=level == 0, drop=drop)
        self.outermost = inside
        self.apply(normal_start)

    def forward(self, x: Tensor) -> Tensor:
        return self.outermost(x)  # type: ignore[misc]


class PatchDiscriminator(nn.Module):
    """Logits for overlapping patches; three strided layers judge 70×70 pixels each."""

    def __init__(
        self,
        channels: int = 3,
        width: int = 64,
        layers: int = 3,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        before = width
        for index in range(1, layers + 1):
            after = width * min(2**index, 8)
            stride = 2 if index < layers else 1
            parts += [
                nn.Conv2d(before, after, 4, stride, 1, bias=norm is not nn.BatchNorm2d),
                norm(after),
                nn.LeakyReLU(0.2),
            ]
            before = after
        parts.append(nn.Conv2d(before, 1, 4, 1, 1))
        self.layers = nn.Sequential(*parts)
        self.apply(normal_start)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def normal_start(module: nn.Module) -> None:
    """N(0, 0.02) for convolutions, N(1, 0.02) for the scales of norms, as published."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)
        nn.init.zeros_(module.bias)
