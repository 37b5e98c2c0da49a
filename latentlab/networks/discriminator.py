"""StyleGAN discriminators: original, skip or residual wiring, minibatch deviation, conditional projection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from cuda_ops import downsample2d, setup_filter
from latentlab.core.errors import BadInput
from latentlab.core.shapes import Conditions, Images
from latentlab.networks.layers import EPSILON, Convolution, FullyConnected, Resampling, wide
from latentlab.networks.mapping import Mapping as MappingNetwork
from latentlab.networks.mapping import MappingArguments
from latentlab.networks.precision import block_dtype, cast
from latentlab.networks.sizes import SQUARE, channel_table, resolutions
from latentlab.networks.stylegan2 import ARCHITECTURES, TAPS


@dataclass(frozen=True)
class DiscriminatorArguments:
    """How the discriminator is made; docs/networks.md says what each means."""

    resolution: int
    channels: Mapping[int | str, int]
    condition_width: int = 0
    architecture: str = "resnet"
    activation: str = "lrelu"
    clamp: float | None = None
    group_size: int | None = 4
    group_channels: int = 1
    cmap_width: int | None = None
    mapping_layers: int = 8
    mapping_width: int | None = None
    embed_width: int | None = None
    mapping_activation: str = "lrelu"
    mapping_lr: float = 0.01
    half_resolutions: int = 0
    taps: list[float] | None = None
    """Of the resampling filter; None are the published 1, 3, 3, 1."""
    colours: int = 3
    """Channels of the pictures."""
    constant: Sequence[int] = SQUARE
    """Height and width of its last feature map; another shape than 4×4 makes pictures that are not square."""
    class_logits: bool = False

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise BadInput(
                f"no discriminator architecture is called '{self.architecture}' (known: {', '.join(ARCHITECTURES)})"
            )
        width, maps = (
            {int(size): count for size, count in self.channels.items()}.get(4, 0),
            self.group_channels,
        )
        if maps and width % maps:
            raise BadInput(
                f"the deviation of a batch in {maps} maps needs channels that {maps} divides, not {width}"
            )
        if self.taps is None:
            object.__setattr__(self, "taps", TAPS)

    def mapping(self, width: int) -> MappingArguments:
        """Those of the network that maps the label to `width` numbers."""
        return MappingArguments(
            0,
            self.condition_width,
            width,
            self.mapping_layers,
            self.mapping_width,
            self.embed_width,
            self.mapping_activation,
            self.mapping_lr,
            average=False,
        )


def minibatch_deviation(x: Tensor, group: int | None, channels: int) -> Tensor:
    """x with `channels` maps appended: the deviation within groups of samples (Karras et al. 2018, §3)."""
    n, c, h, w = x.shape
    size = n if group is None else min(group, n)
    if n % size:
        raise BadInput(
            f"{n} images cannot be split into groups of {size}; give the discriminator a multiple of {size} images"
        )
    y = wide(x).reshape(size, n // size, channels, c // channels, h, w)
    y = y - y.mean(0)
    y = (y.square().mean(0) + EPSILON).sqrt().mean((2, 3, 4))  # [groups channels]
    y = y.repeat(size, 1)[:, :, None, None].expand(-1, -1, h, w)
    return torch.cat([x, y.to(x.dtype)], dim=1)


class DiscriminatorBlock(nn.Module):
    """Two convolutions; the second one halves the size."""

    resample_filter: Tensor

    def __init__(self, width: int, after: int, resolution: int, arguments: DiscriminatorArguments) -> None:
        super().__init__()
        self.resolution, self.architecture = resolution, arguments.architecture
        act, clamp = arguments.activation, arguments.clamp
        half = Resampling(down=2, taps=arguments.taps)
        if resolution == arguments.resolution or self.architecture == "skip":
            self.fromrgb = Convolution(arguments.colours, width, 1, activation=act, clamp=clamp)
        self.conv0 = Convolution(width, width, 3, activation=act, clamp=clamp)
        self.conv1 = Convolution(width, after, 3, activation=act, clamp=clamp, resampling=half)
        if self.architecture == "resnet":
            self.skip = Convolution(width, after, 1, bias=False, resampling=half)
        self.register_buffer("resample_filter", setup_filter(arguments.taps), persistent=False)

    def forward(
        self, x: Tensor | None, image: Tensor | None, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor | None]:
        if hasattr(self, "fromrgb"):
            y = self.fromrgb(cast(image, dtype))  # type: ignore[arg-type]
            x = y if x is None else cast(x, dtype) + y
            image = downsample2d(image, self.resample_filter) if self.architecture == "skip" else None  # type: ignore[arg-type]
        x = cast(x, dtype)  # type: ignore[arg-type]
        if self.architecture == "resnet":
            shortcut = self.skip(x, gain=math.sqrt(0.5))
            return shortcut + self.conv1(self.conv0(x), gain=math.sqrt(0.5)), image
        return self.conv1(self.conv0(x)), image


class Epilogue(nn.Module):
    """4×4: minibatch deviation, a convolution, two dense layers."""

    def __init__(self, width: int, out: int, arguments: DiscriminatorArguments) -> None:
        super().__init__()
        act, clamp = arguments.activation, arguments.clamp
        self.architecture = arguments.architecture
        self.group_size, self.group_channels = arguments.group_size, arguments.group_channels
        if self.architecture == "skip":
            self.fromrgb = Convolution(arguments.colours, width, 1, activation=act)
        self.conv = Convolution(width + self.group_channels, width, 3, activation=act, clamp=clamp)
        self.fc = FullyConnected(width * math.prod(arguments.constant), width, activation=act)
        self.out = FullyConnected(width, out)

    def forward(self, x: Tensor, image: Tensor | None, dtype: torch.dtype) -> Tensor:
        x = x.to(dtype)
        if self.architecture == "skip":
            x = x + self.fromrgb(image.to(dtype))  # type: ignore[union-attr]
        if self.group_channels:
            x = minibatch_deviation(x, self.group_size, self.group_channels)
        return self.out(self.fc(self.conv(x).flatten(1)))


class Discriminator(nn.Module):
    """Images [n colours h w] → logits [n 1]; state-dict names are those of stylegan2-ada-pytorch."""

    kind = "stylegan2_discriminator"
    Arguments: ClassVar = DiscriminatorArguments

    def __init__(self, arguments: DiscriminatorArguments) -> None:
        super().__init__()
        self.resolution, self.half_resolutions = arguments.resolution, arguments.half_resolutions
        self.condition_width, self.class_logits = arguments.condition_width, arguments.class_logits
        self.colours, self.constant = arguments.colours, tuple(arguments.constant)
        self.compute_dtype: torch.dtype | None = None
        widths = channel_table(arguments.channels, arguments.resolution)
        for size in reversed(resolutions(arguments.resolution)[1:]):
            block = DiscriminatorBlock(widths[size], widths[size // 2], size, arguments)
            self.add_module(f"b{size}", block)
        out = self.condition_width if self.class_logits and self.condition_width else 1
        self.mapping: MappingNetwork | None = None
        if self.condition_width and not self.class_logits:
            out = widths[4] if arguments.cmap_width is None else arguments.cmap_width
            self.mapping = MappingNetwork(arguments.mapping(out))
        self.b4 = Epilogue(widths[4], out, arguments)

    def blocks(self) -> Iterator[DiscriminatorBlock]:
        """From the image's resolution down to 8×8."""
        for size in reversed(resolutions(self.resolution)[1:]):
            yield getattr(self, f"b{size}")

    def forward(self, images: Images, condition: Conditions | None = None) -> Tensor:
        logits = self.b4(*self._trunk(images), torch.promote_types(images.dtype, torch.float32))
        if not self.condition_width:
            return logits
        if self.class_logits:  # one logit for each class, chosen by the label
            return (logits * condition.to(logits.dtype)).sum(1, keepdim=True)  # type: ignore[union-attr]
        embedded = self.mapping(None, condition)  # type: ignore[misc]
        return (logits * embedded).sum(1, keepdim=True) / math.sqrt(embedded.shape[1])

    def features(self, images: Images) -> dict[int, Tensor]:
        """What leaves each block, by its resolution: {resolution / 2: …, 4: [n c 4 4]} (a space to compare images in)."""
        return {block.resolution // 2: x for block, x in self._walk(images)}

    def _trunk(self, images: Images) -> tuple[Tensor, Tensor | None]:
        x, image = None, images
        for block in self.blocks():
            x, image = block(x, image, block_dtype(self, block.resolution, images))
        return x, image  # type: ignore[return-value]

    def _walk(self, images: Images) -> Iterator[tuple[DiscriminatorBlock, Tensor]]:
        x, image = None, images
        for block in self.blocks():
            x, image = block(x, image, block_dtype(self, block.resolution, images))
            yield block, x
