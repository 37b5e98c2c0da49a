"""The residual image-to-image generator of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.networks.beginnings import normal_start
from latentlab.networks.change import begin_small, changed


@dataclass(frozen=True)
class ResNetArguments:
    """How the generator is made."""

    before: int = 3
    """Channels of what goes in."""
    after: int = 3
    """Channels of what comes out."""
    width: int = 64
    blocks: int = 9
    """9 for 256², 6 for 128²."""
    adds: bool = False
    """The answer is added to the picture that went in."""

    def __post_init__(self) -> None:
        if min(self.before, self.after, self.width) < 1 or self.blocks < 0:
            raise BadInput(f"a residual generator needs channels and no fewer than 0 blocks, not {self}")


class Residual(nn.Module):
    """Two 3×3 convolutions with instance norm, around the identity."""

    def __init__(
        self, width: int, padding: str = "reflect", *, bias: bool = True, affine: bool = False
    ) -> None:
        super().__init__()

        def convolution() -> nn.Module:
            return nn.Conv2d(width, width, 3, 1, 1, padding_mode=padding, bias=bias)  # type: ignore[arg-type]

        self.inner = nn.Sequential(
            convolution(),
            nn.InstanceNorm2d(width, affine=affine),
            nn.ReLU(),
            convolution(),
            nn.InstanceNorm2d(width, affine=affine),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class ResNetGenerator(nn.Module):
    """Images [n before h w] → [n after h w] in [-1, 1]; sides are multiples of 4."""

    kind = "resnet"
    Arguments: ClassVar = ResNetArguments

    def __init__(self, arguments: ResNetArguments) -> None:
        super().__init__()
        width, self.adds = arguments.width, arguments.adds
        layers: list[nn.Module] = [
            nn.Conv2d(arguments.before, width, 7, 1, 3, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
        ]
        for step in (1, 2):
            layers += [
                nn.Conv2d(step * width, 2 * step * width, 3, 2, 1),
                nn.InstanceNorm2d(2 * step * width),
                nn.ReLU(),
            ]
        layers += [Residual(4 * width) for _ in range(arguments.blocks)]
        for step in (2, 1):
            layers += [
                nn.ConvTranspose2d(2 * step * width, step * width, 3, 2, 1, output_padding=1),
                nn.InstanceNorm2d(step * width),
                nn.ReLU(),
            ]
        layers += [nn.Conv2d(width, arguments.after, 7, 1, 3, padding_mode="reflect"), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def start(self, source: torch.Generator) -> None:
        normal_start(self, source)
        if self.adds:
            begin_small(self.layers[-2])

    def forward(self, images: Tensor) -> Tensor:
        answer = self.layers(images)
        return changed(images, answer) if self.adds else answer
