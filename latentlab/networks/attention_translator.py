"""Generator and discriminator of U-GAT-IT (Kim et al. 2020): residual translation guided by class activation maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.adalin import LIN, AdaLIN
from latentlab.networks.change import begin_small, changed
from latentlab.networks.class_activation import ClassActivation
from latentlab.networks.resnet import Residual


@dataclass(frozen=True)
class GeneratorArguments:
    """How the generator is made; as published, in full."""

    size: int = 256
    width: int = 64
    blocks: int = 4
    """Residual blocks before the attention, and as many after it."""
    light: bool = False
    """Pool before the two linear layers that make γ and β. Without, the first of them holds (size / 4)² · 4·width · 4·width
    weights: 268 M at 256 pixels."""
    adds: bool = False
    """The answer is added to the picture that went in."""

    def __post_init__(self) -> None:
        if self.size < 8 or self.size % 4 or min(self.width, self.blocks) < 1:
            raise BadInput(
                f"an attention generator needs sides that 4 divides, channels and blocks, not {self}"
            )


@dataclass(frozen=True)
class DiscriminatorArguments:
    """How a discriminator is made: 7 layers judge globally (2048 channels at the end), 5 locally (512)."""

    width: int = 64
    layers: int = 7

    def __post_init__(self) -> None:
        if self.width < 1 or not 3 <= self.layers <= 8:
            raise BadInput(f"an attention discriminator has channels and 3 to 8 layers, not {self}")


class Translated(NamedTuple):
    """An image of the other domain, and what the attention says."""

    images: Images
    logits: Tensor
    """[n 2]"""
    heat: Tensor
    """Where it looked: channels of the attended features summed, [n 1 h w]."""


class Judged(NamedTuple):
    """Verdicts of a discriminator."""

    patches: Tensor
    """[n 1 h w]"""
    logits: Tensor
    """[n 2]"""
    heat: Tensor
    """[n 1 h w]"""


class AdaptiveResidual(nn.Module):
    """A residual block whose norms take γ and β from outside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect", bias=False)
        self.conv1 = nn.Conv2d(width, width, 3, 1, 1, padding_mode="reflect", bias=False)
        self.norm0, self.norm1 = AdaLIN(width), AdaLIN(width)

    def forward(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        y = self.norm0(self.conv0(x), gamma, beta).relu()
        return x + self.norm1(self.conv1(y), gamma, beta)


class AttentionGenerator(nn.Module):
    """Images [n 3 size size] → `Translated`."""

    kind = "attention_generator"
    Arguments: ClassVar = GeneratorArguments

    def __init__(self, arguments: GeneratorArguments) -> None:
        super().__init__()
        width, blocks = arguments.width, arguments.blocks
        self.light, self.adds = arguments.light, arguments.adds
        wide = 4 * width
        down: list[nn.Module] = [*_reflected(3, width, 7, 1), nn.InstanceNorm2d(width), nn.ReLU()]
        for before in (width, 2 * width):
            down += [*_reflected(before, 2 * before, 3, 2), nn.InstanceNorm2d(2 * before), nn.ReLU()]
        self.down = nn.Sequential(*down, *(Residual(wide, bias=False) for _ in range(blocks)))
        self.attention = ClassActivation(wide)
        entering = wide if self.light else wide * (arguments.size // 4) ** 2
        self.style = nn.Sequential(
            nn.Linear(entering, wide, bias=False), nn.ReLU(), nn.Linear(wide, wide, bias=False), nn.ReLU()
        )
        self.gamma, self.beta = nn.Linear(wide, wide, bias=False), nn.Linear(wide, wide, bias=False)
        self.blocks = nn.ModuleList(AdaptiveResidual(wide) for _ in range(blocks))
        up: list[nn.Module] = []
        for before in (wide, 2 * width):
            up += [nn.Upsample(scale_factor=2), *_reflected(before, before // 2, 3, 1)]
            up += [LIN(before // 2), nn.ReLU()]
        self.up = nn.Sequential(*up, *_reflected(width, 3, 7, 1), nn.Tanh())
        if self.adds:
            begin_small(self.up[-2])

    def forward(self, images: Images) -> Translated:
        attended = self.attention(self.down(images))
        x = attended.features.relu()
        heat = x.sum(1, keepdim=True)
        style = self.style(x.mean((2, 3)) if self.light else x.flatten(1))
        gamma, beta = self.gamma(style), self.beta(style)
        for block in self.blocks:
            x = block(x, gamma, beta)
        answer = self.up(x)
        return Translated(changed(images, answer) if self.adds else answer, attended.logits, heat)


class AttentionDiscriminator(nn.Module):
    """Images → `Judged`."""

    kind = "attention_discriminator"
    Arguments: ClassVar = DiscriminatorArguments

    def __init__(self, arguments: DiscriminatorArguments) -> None:
        super().__init__()
        before, parts = 3, []
        for index in range(arguments.layers - 1):
            after = arguments.width * 2**index
            stride = 1 if index == arguments.layers - 2 else 2
            convolution = nn.Conv2d(before, after, 4, stride, 0)
            parts += [nn.ReflectionPad2d(1), spectral_norm(convolution), nn.LeakyReLU(0.2)]
            before = after
        self.layers = nn.Sequential(*parts)
        self.attention = ClassActivation(before, spectral=True)
        self.last = nn.Sequential(
            nn.ReflectionPad2d(1), spectral_norm(nn.Conv2d(before, 1, 4, 1, 0, bias=False))
        )

    def forward(self, images: Images) -> Judged:
        attended = self.attention(self.layers(images))
        x = nn.functional.leaky_relu(attended.features, 0.2)
        return Judged(self.last(x), attended.logits, x.sum(1, keepdim=True))


def _reflected(before: int, after: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.ReflectionPad2d(kernel // 2), nn.Conv2d(before, after, kernel, stride, 0, bias=False)
