"""StyleGAN (Karras et al. 2019): a learned constant, instance norm, styles as scale and shift, noise at every layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cuda_ops import bias_act, filter2d, setup_filter
from latentlab.core.generator import StyleLayer
from latentlab.core.latent import FeatureCorrection
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images, Styles
from latentlab.networks.layers import EPSILON, FullyConnected, wide
from latentlab.networks.mapped import MappedGenerator
from latentlab.networks.mapping import Mapping as MappingNetwork
from latentlab.networks.mapping import MappingArguments
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.precision import block_dtype
from latentlab.networks.sizes import SQUARE, channel_table, resolutions, shape_at

BLUR = [1.0, 2.0, 1.0]
GAIN = math.sqrt(2)


@dataclass(frozen=True)
class StyleGAN1Arguments:
    """How the generator is made; docs/networks.md says what each means."""

    resolution: int
    channels: Mapping[int | str, int]
    z_width: int = 512
    w_width: int = 512
    condition_width: int = 0
    mapping_layers: int = 8
    mapping_width: int | None = None
    mapping_lr: float = 0.01
    mapping_activation: str = "lrelu"
    activation: str = "lrelu"
    fused_from: int | None = 128
    taps: list[float] | None = None
    """Of the blur; None are the published 1, 2, 1."""
    truncation_psi: float | None = 0.7
    truncation_cutoff: int | None = 8
    lod: float = 0.0
    colours: int = 3
    """Channels of the pictures."""
    constant: Sequence[int] = SQUARE
    """Height and width of what the synthesis begins with; another shape than 4×4 makes pictures that are not square."""
    half_resolutions: int = 0

    def __post_init__(self) -> None:
        if self.taps is None:
            object.__setattr__(self, "taps", BLUR)

    @property
    def mapping(self) -> MappingArguments:
        """Those of its mapping network."""
        return MappingArguments(
            self.z_width,
            self.condition_width,
            self.w_width,
            self.mapping_layers,
            self.mapping_width,
            activation=self.mapping_activation,
            lr_multiplier=self.mapping_lr,
            gain=1.0,
            weight_gain=GAIN,
            joined=True,
        )


def four_tap_kernel(weight: Tensor) -> Tensor:
    """Sum of the four one-pixel shifts of a 3×3 kernel: convolution and 2×2 box in one [… 4 4]."""
    w = F.pad(weight, (1, 1, 1, 1))
    return w[..., 1:, 1:] + w[..., :-1, 1:] + w[..., 1:, :-1] + w[..., :-1, :-1]


def instance_norm(x: Tensor) -> Tensor:
    """Each feature map with mean 0 and variance 1."""
    centred = wide(x)
    centred = centred - centred.mean((2, 3), keepdim=True)
    return (centred * (centred.square().mean((2, 3), keepdim=True) + EPSILON).rsqrt()).to(x.dtype)


class StyledLayer(nn.Module):
    """[enlarge] convolution [blur], noise, bias, activation, instance norm, style; without `before` the constant's layer."""

    noise_const: Tensor
    resample_filter: Tensor | None

    def __init__(
        self, before: int, after: int, resolution: int, up: bool, arguments: StyleGAN1Arguments
    ) -> None:
        super().__init__()
        self.resolution, self.up, self.activation = resolution, up, arguments.activation
        fused_from = arguments.fused_from
        self.fused = up and fused_from is not None and resolution >= fused_from
        if before:
            self.weight = nn.Parameter(torch.empty(after, before, 3, 3))
            self.scale = GAIN / math.sqrt(before * 9)
        self.bias = nn.Parameter(torch.empty(after))
        self.noise_weight = nn.Parameter(torch.empty(after))
        self.register_buffer("noise_const", torch.empty(shape_at(resolution, arguments.constant)))
        self.style = FullyConnected(arguments.w_width, 2 * after)
        fir = setup_filter(arguments.taps) if up else None
        self.register_buffer("resample_filter", fir, persistent=False)

    def start(self, source: torch.Generator) -> None:
        if hasattr(self, "weight"):
            self.weight.normal_(generator=source)
        self.bias.zero_()
        self.noise_weight.zero_()
        self.noise_const.normal_(generator=source)

    def convolve(self, x: Tensor, name: str, pivot: Pivot | None) -> Tensor:
        weight = self.weight if pivot is None else pivot.weight(name, self.weight)
        weight = (weight * self.scale).to(x.dtype)
        if not self.up:
            return F.conv2d(x, weight, padding=1)
        if self.fused:  # the transposed convolution acts with the kernel turned round
            x = F.conv_transpose2d(x, four_tap_kernel(weight).transpose(0, 1), stride=2, padding=1)
        else:
            x = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
        return filter2d(x, self.resample_filter)

    def forward(self, x: Tensor, styles: Tensor, name: str, maps: NoiseMaps, pivot: Pivot | None) -> Tensor:
        if hasattr(self, "weight"):
            x = self.convolve(x, name, pivot)
        noise = maps.map(name, self.noise_const)
        if noise is not None:
            noise = noise[None, None] if noise.ndim == 2 else noise
            x = x + (noise * self.noise_weight[:, None, None]).to(x.dtype)
        x = instance_norm(bias_act(x, self.bias, act=self.activation, gain=1))
        scale, shift = styles.to(x.dtype)[:, :, None, None].chunk(2, dim=1)
        return x * (scale + 1) + shift


class Colours(nn.Module):
    """1×1 convolution to colours."""

    def __init__(self, before: int, colours: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(colours, before, 1, 1))
        self.bias = nn.Parameter(torch.empty(colours))
        self.scale = 1 / math.sqrt(before)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.bias.zero_()

    def forward(self, x: Tensor, name: str, pivot: Pivot | None) -> Tensor:
        weight = self.weight if pivot is None else pivot.weight(name, self.weight)
        return F.conv2d(x, (weight * self.scale).to(x.dtype), self.bias.to(x.dtype))


class Block(nn.Module):
    """Both layers of one resolution, and its way to colours."""

    def __init__(self, before: int, after: int, resolution: int, arguments: StyleGAN1Arguments) -> None:
        super().__init__()
        self.resolution = resolution
        if not before:
            self.const = nn.Parameter(torch.empty(after, *arguments.constant))
        self.conv0 = StyledLayer(before, after, resolution, bool(before), arguments)
        self.conv1 = StyledLayer(after, after, resolution, False, arguments)
        self.torgb = Colours(after, arguments.colours)

    def start(self, source: torch.Generator) -> None:
        if hasattr(self, "const"):
            self.const.fill_(1)


class StyleGAN1(MappedGenerator):
    """Built from its arguments (see `networks.build`); published default: truncation ψ 0.7 on the first 8 layers."""

    kind = "stylegan1"
    Arguments: ClassVar = StyleGAN1Arguments

    def __init__(self, arguments: StyleGAN1Arguments) -> None:
        super().__init__()
        self.resolution = arguments.resolution
        self.z_width, self.w_width = arguments.z_width, arguments.w_width
        self.condition_width, self.lod = arguments.condition_width, float(arguments.lod)
        self.truncation_psi, self.truncation_cutoff = arguments.truncation_psi, arguments.truncation_cutoff
        self.half_resolutions = arguments.half_resolutions
        self.compute_dtype: torch.dtype | None = None
        self.colours = arguments.colours
        self.constant = (arguments.constant[0], arguments.constant[1])
        self.mapping = MappingNetwork(arguments.mapping)
        self.synthesis = nn.Module()
        widths = channel_table(arguments.channels, arguments.resolution)
        before = 0
        for size in resolutions(arguments.resolution):
            self.synthesis.add_module(f"b{size}", Block(before, widths[size], size, arguments))
            before = widths[size]
        self.style_layers = tuple(self._style_layers())
        self.layers = len(self.style_layers)

    def blocks(self) -> Iterator[Block]:
        """One for each resolution, from 4×4 on."""
        return iter(self.synthesis.children())  # type: ignore[arg-type]

    def _style_layers(self) -> Iterator[StyleLayer]:
        start, index = 0, 0
        for block in self.blocks():
            for name in ("conv0", "conv1"):
                width = getattr(block, name).style.weight.shape[0]
                yield StyleLayer(f"b{block.resolution}.{name}", "conv", index, start, width, block.resolution)
                start, index = start + width, index + 1

    def affine(self, layer: StyleLayer) -> FullyConnected:
        """The map from w to the styles of a layer: scales, then shifts."""
        block, name = layer.name.split(".")
        return getattr(getattr(self.synthesis, block), name).style

    def forward(
        self,
        styles: Styles,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
        correction: FeatureCorrection | None = None,
    ) -> Images:
        by_layer = {layer.name: styles[:, layer.channels] for layer in self.style_layers}
        maps = NoiseMaps(noise, pivot, len(styles))
        x = image = None
        for block in self.blocks():
            prefix = f"b{block.resolution}."
            dtype = block_dtype(self, block.resolution, styles)
            x = block.const.expand(len(styles), -1, -1, -1) if x is None else x
            for name in ("conv0", "conv1"):
                x = getattr(block, name)(x.to(dtype), by_layer[prefix + name], prefix + name, maps, pivot)
            if correction is not None and correction.resolution == block.resolution:
                x = x + correction.values.to(x)
            image = self._grow(block, image, x, prefix + "torgb", pivot)
        return image  # type: ignore[return-value]

    def _grow(
        self, block: Block, image: Tensor | None, x: Tensor, name: str, pivot: Pivot | None
    ) -> Tensor | None:
        """The image so far: while the network was growing (lod > 0) it fades between two resolutions."""
        missing = math.log2(self.resolution // block.resolution)
        old = min(max(self.lod - missing, 0.0), 1.0)
        if self.lod <= 0 and block.resolution < self.resolution:
            return None
        colours = None if image is not None and old == 1 else block.torgb(x, name, pivot)
        if colours is not None:
            colours = colours.to(torch.promote_types(colours.dtype, torch.float32))
        if image is None:
            return colours
        image = F.interpolate(image, scale_factor=2, mode="nearest")
        return image if colours is None else torch.lerp(colours, image, old)
