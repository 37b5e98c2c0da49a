"""The residual image-to-image generator of CycleGAN (Zhu et al. 2017, after Johnson et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from latentlab.networks.unet import normal_start


class Residual(nn.Module):
    """Two reflected 3×3 convolutions with instance norm, around the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class ResNetGenerator(nn.Module):
    """Images [n before h w] → [n after h w] in [-1, 1]; sides are multiples of 4; 9 blocks for 256², 6 for 128²."""

    def __init__(self, before: int = 3, after: int = 3, width: int = 64, blocks: int = 9) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(before, width, 7, 1, 3, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
        ]
        for step in (1, 2):
            layers += [
                nn.Conv2d(step * width, 2 * step * width, 3, 2, 1),
                nn.InstanceNorm2d(2 * step * width),
                nn.ReLU(),
            ]
        layers += [Residual(4 * width) for _ in range(blocks)]
        for step in (2, 1):
            layers += [
                nn.ConvTranspose2d(2 * step * width, step * width, 3, 2, 1, output_padding=1),
                nn.InstanceNorm2d(step * width),
                nn.ReLU(),
            ]
        layers += [nn.Conv2d(width, after, 7, 1, 3, padding_mode="reflect"), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(normal_start)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)
