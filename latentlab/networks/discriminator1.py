"""The discriminator of StyleGAN (Karras et al. 2019): blur, convolution and box filter downwards, minibatch deviation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cuda_ops import bias_act, filter2d, setup_filter
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Conditions, Images
from latentlab.networks.discriminator import minibatch_deviation
from latentlab.networks.layers import FullyConnected
from latentlab.networks.sizes import SQUARE, channel_table, resolutions
from latentlab.networks.stylegan1 import BLUR, GAIN, four_tap_kernel


@dataclass(frozen=True)
class StyleGAN1DiscriminatorArguments:
    """How the discriminator is made; docs/networks.md says what each means."""

    resolution: int
    channels: Mapping[int | str, int]
    condition_width: int = 0
    activation: str = "lrelu"
    fused_from: int | None = 128
    """Recorded in files; both ways down compute the same."""
    taps: list[float] | None = None
    """Of the blur; None are the published 1, 2, 1."""
    group_size: int | None = 4
    group_channels: int = 1
    final_width: int | None = None
    lod: float = 0.0
    colours: int = 3
    """Channels of the pictures."""
    constant: Sequence[int] = SQUARE
    """Height and width of its last feature map; another shape than 4×4 makes pictures that are not square."""

    def __post_init__(self) -> None:
        if self.taps is None:
            object.__setattr__(self, "taps", BLUR)


class ScaledConvolution(nn.Module):
    """Convolution with the He gain in its weight, bias, leaky ReLU without a gain; `down` blurs and halves the size."""

    resample_filter: Tensor | None

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        arguments: StyleGAN1DiscriminatorArguments,
        down: bool = False,
    ) -> None:
        super().__init__()
        self.down, self.activation = down, arguments.activation
        self.weight = nn.Parameter(torch.empty(after, before, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(after))
        self.scale = GAIN / math.sqrt(before * kernel**2)
        fir = setup_filter(arguments.taps) if down else None
        self.register_buffer("resample_filter", fir, persistent=False)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.scale
        if not self.down:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        else:  # convolution, then the mean of 2×2 pixels, as one strided convolution
            x = filter2d(x, self.resample_filter)
            x = F.conv2d(x, four_tap_kernel(weight) * 0.25, stride=2, padding=1)
        return bias_act(x, self.bias, act=self.activation, gain=1)


class StyleGAN1Discriminator(nn.Module):
    """Images [n colours h w] → logits [n 1]; with labels one logit for each class, chosen by the label."""

    kind = "stylegan1_discriminator"
    Arguments: ClassVar = StyleGAN1DiscriminatorArguments

    def __init__(self, arguments: StyleGAN1DiscriminatorArguments) -> None:
        super().__init__()
        self.resolution, self.condition_width = arguments.resolution, arguments.condition_width
        self.lod = float(arguments.lod)
        self.group_size, self.group_channels = arguments.group_size, arguments.group_channels
        self.colours, self.constant = arguments.colours, tuple(arguments.constant)
        self.compute_dtype: torch.dtype | None = None
        widths = channel_table(arguments.channels, arguments.resolution)
        for size in reversed(resolutions(arguments.resolution)):
            self.add_module(f"b{size}", _block(size, widths, arguments))

    def blocks(self) -> Iterator[nn.Module]:
        """From the image's resolution down to 8×8."""
        for size in reversed(resolutions(self.resolution)[1:]):
            yield getattr(self, f"b{size}")

    def forward(self, images: Images, condition: Conditions | None = None) -> Tensor:
        x = self.features(images)[4] if self.resolution > 4 else self.b4.fromrgb(images)  # type: ignore[operator, union-attr]
        if self.group_channels:
            x = minibatch_deviation(x, self.group_size, self.group_channels)
        logits = self.b4.out(self.b4.fc(self.b4.conv(x).flatten(1)))  # type: ignore[operator, union-attr]
        if not self.condition_width:
            return logits
        if condition is None:
            raise BadInput(
                f"this discriminator is conditional and no class was given; it has {self.condition_width} classes"
            )
        return (logits * condition.to(logits.dtype)).sum(1, keepdim=True)

    def features(self, images: Images) -> dict[int, Tensor]:
        """What leaves each block, by its resolution."""
        return dict(self._walk(images))

    def _walk(self, images: Images) -> Iterator[tuple[int, Tensor]]:
        image = images
        x = getattr(self, f"b{self.resolution}").fromrgb(image)
        for size in reversed(resolutions(self.resolution)[1:]):
            block = getattr(self, f"b{size}")
            x = block.conv1(block.conv0(x))
            old = min(max(self.lod - math.log2(self.resolution // size), 0.0), 1.0)
            if self.lod > 0:  # fades in the smaller image while the network was growing
                image = F.avg_pool2d(image, 2)
                x = torch.lerp(x, getattr(self, f"b{size // 2}").fromrgb(image), old)
            yield size // 2, x


def _block(size: int, widths: Mapping[int, int], arguments: StyleGAN1DiscriminatorArguments) -> nn.Module:
    """Two convolutions downwards, or at 4×4 what ends in the verdict; each with a way in from colours."""
    block, width = nn.Module(), widths[size]
    block.fromrgb = ScaledConvolution(arguments.colours, width, 1, arguments)
    if size > 4:
        block.conv0 = ScaledConvolution(width, width, 3, arguments)
        block.conv1 = ScaledConvolution(width, widths[size // 2], 3, arguments, down=True)
        return block
    hidden = arguments.final_width or width
    block.conv = ScaledConvolution(width + arguments.group_channels, width, 3, arguments)
    block.fc = FullyConnected(
        width * math.prod(arguments.constant),
        hidden,
        activation=arguments.activation,
        gain=1.0,
        weight_gain=GAIN,
    )
    block.out = FullyConnected(hidden, max(arguments.condition_width, 1))
    return block
