"""StyleGAN2 (Karras et al. 2020): modulated convolutions, with skip, original or residual wiring."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from cuda_ops import bias_act, setup_filter, upsample2d
from latentlab.core.errors import BadInput
from latentlab.core.generator import StyleLayer
from latentlab.core.latent import FeatureCorrection
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images, Styles
from latentlab.networks import gradient, inference
from latentlab.networks.layers import Convolution, FullyConnected, Resampling, activation_gain
from latentlab.networks.mapped import MappedGenerator
from latentlab.networks.mapping import Mapping as MappingNetwork
from latentlab.networks.mapping import MappingArguments
from latentlab.networks.modulation import modulated_convolution
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.precision import asked_dtype, block_dtype, cast
from latentlab.networks.sizes import SQUARE, channel_table, resolutions, shape_at

ARCHITECTURES = ("skip", "orig", "resnet")
TAPS = [1.0, 3.0, 3.0, 1.0]


@dataclass(frozen=True)
class StyleGAN2Arguments:
    """How the generator is made; docs/networks.md says what each means."""

    resolution: int
    channels: Mapping[int | str, int]
    z_width: int = 512
    w_width: int = 512
    condition_width: int = 0
    mapping_layers: int = 8
    mapping_width: int | None = None
    embed_width: int | None = None
    mapping_activation: str = "lrelu"
    mapping_lr: float = 0.01
    condition_joined: bool = False
    architecture: str = "skip"
    activation: str = "lrelu"
    clamp: float | None = None
    half_resolutions: int = 0
    taps: list[float] | None = None
    """Of the resampling filter; None are the published 1, 3, 3, 1."""
    noise: bool = True
    kernel: int = 3
    colours: int = 3
    """Channels of the pictures."""
    constant: Sequence[int] = SQUARE
    """Height and width of what the synthesis begins with; another shape than 4×4 makes pictures that are not square."""

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise BadInput(
                f"no StyleGAN2 architecture is called '{self.architecture}' (known: {', '.join(ARCHITECTURES)})"
            )
        if self.taps is None:
            object.__setattr__(self, "taps", TAPS)

    @property
    def mapping(self) -> MappingArguments:
        """Those of its mapping network."""
        return MappingArguments(
            self.z_width,
            self.condition_width,
            self.w_width,
            self.mapping_layers,
            self.mapping_width,
            self.embed_width,
            self.mapping_activation,
            self.mapping_lr,
            joined=self.condition_joined,
        )


class StyledConvolution(nn.Module):
    """Modulated 3×3 convolution, noise, bias, activation."""

    noise_const: Tensor
    resample_filter: Tensor | None

    def __init__(
        self, before: int, after: int, resolution: int, up: int, arguments: StyleGAN2Arguments
    ) -> None:
        super().__init__()
        self.resolution, self.up = resolution, up
        self.activation, self.clamp = arguments.activation, arguments.clamp
        self.gain = activation_gain(self.activation)
        self.affine = FullyConnected(arguments.w_width, before, bias_start=1)
        self.weight = nn.Parameter(torch.empty(after, before, arguments.kernel, arguments.kernel))
        self.bias = nn.Parameter(torch.empty(after))
        self.noisy = arguments.noise
        if self.noisy:
            self.register_buffer("noise_const", torch.empty(shape_at(resolution, arguments.constant)))
            self.noise_strength = nn.Parameter(torch.empty([]))
        fir = setup_filter(arguments.taps) if up > 1 else None
        self.register_buffer("resample_filter", fir, persistent=False)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.bias.zero_()
        if self.noisy:
            self.noise_const.normal_(generator=source)
            self.noise_strength.zero_()

    def forward(
        self, x: Tensor, styles: Tensor, name: str, maps: NoiseMaps, pivot: Pivot | None, gain: float = 1.0
    ) -> Tensor:
        weight = self.weight if pivot is None else pivot.weight(name, self.weight)
        noise = maps.map(name, self.noise_const) if self.noisy else None
        if noise is not None:
            noise = noise * self.noise_strength
        y = modulated_convolution(x, weight, styles, self.resample_filter, self.up, noise=noise)
        clamp = None if self.clamp is None else self.clamp * gain
        return bias_act(y, self.bias, act=self.activation, gain=self.gain * gain, clamp=clamp)


class ToRGB(nn.Module):
    """Modulated 1×1 convolution to colours, without demodulation."""

    def __init__(self, before: int, arguments: StyleGAN2Arguments) -> None:
        super().__init__()
        self.clamp = arguments.clamp
        self.affine = FullyConnected(arguments.w_width, before, bias_start=1)
        self.weight = nn.Parameter(torch.empty(arguments.colours, before, 1, 1))
        self.bias = nn.Parameter(torch.empty(arguments.colours))
        self.scale = 1 / math.sqrt(before)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.bias.zero_()

    def forward(self, x: Tensor, styles: Tensor, name: str, pivot: Pivot | None) -> Tensor:
        weight = self.weight if pivot is None else pivot.weight(name, self.weight)
        y = modulated_convolution(x, weight, styles * self.scale, demodulate=False)
        return bias_act(y, self.bias, clamp=self.clamp)


class Block(nn.Module):
    """All layers of one resolution."""

    resample_filter: Tensor

    def __init__(self, before: int, after: int, resolution: int, arguments: StyleGAN2Arguments) -> None:
        super().__init__()
        self.resolution, self.first = resolution, before == 0
        self.architecture = arguments.architecture
        if self.first:
            self.const = nn.Parameter(torch.empty(after, *arguments.constant))
        else:
            self.conv0 = StyledConvolution(before, after, resolution, 2, arguments)
        self.conv1 = StyledConvolution(after, after, resolution, 1, arguments)
        if resolution == arguments.resolution or self.architecture == "skip":
            self.torgb = ToRGB(after, arguments)
        if not self.first and self.architecture == "resnet":
            self.skip = Convolution(
                before, after, 1, bias=False, resampling=Resampling(up=2, taps=arguments.taps)
            )
        self.register_buffer("resample_filter", setup_filter(arguments.taps), persistent=False)

    def start(self, source: torch.Generator) -> None:
        if self.first:
            self.const.normal_(generator=source)

    def names(self) -> Iterator[str]:
        """Its modulated layers, in the order in which they act."""
        yield from (name for name in ("conv0", "conv1", "torgb") if hasattr(self, name))

    def forward(
        self,
        x: Tensor | None,
        image: Tensor | None,
        styles: Mapping[str, Tensor],
        maps: NoiseMaps,
        pivot: Pivot | None,
        dtype: torch.dtype,
        correction: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        prefix = f"b{self.resolution}."
        conv0, conv1, torgb = prefix + "conv0", prefix + "conv1", prefix + "torgb"

        if self.first:
            x = cast(self.const.expand(len(styles[conv1]), -1, -1, -1), dtype)
            x = self.conv1(x, styles[conv1], conv1, maps, pivot)
        elif self.architecture == "resnet":
            x = cast(x, dtype)  # type: ignore[arg-type]
            shortcut = self.skip(x, gain=math.sqrt(0.5))
            x = self.conv0(x, styles[conv0], conv0, maps, pivot)
            x = shortcut + self.conv1(x, styles[conv1], conv1, maps, pivot, gain=math.sqrt(0.5))
        else:
            x = self.conv0(cast(x, dtype), styles[conv0], conv0, maps, pivot)  # type: ignore[arg-type]
            x = self.conv1(x, styles[conv1], conv1, maps, pivot)
        if correction is not None:
            x = x + correction.to(x)

        if image is not None:
            image = upsample2d(image, self.resample_filter)
        if hasattr(self, "torgb"):
            colours = self.torgb(x, styles[torgb], torgb, pivot).to(torch.promote_types(dtype, torch.float32))
            image = colours if image is None else image + colours
        return x, image


class StyleGAN2(MappedGenerator):
    """Built from its arguments (see `networks.build`); state-dict names are those of stylegan2-ada-pytorch."""

    kind = "stylegan2"
    Arguments: ClassVar = StyleGAN2Arguments

    def __init__(self, arguments: StyleGAN2Arguments) -> None:
        super().__init__()
        self.resolution = arguments.resolution
        self.z_width, self.w_width = arguments.z_width, arguments.w_width
        self.condition_width, self.half_resolutions = arguments.condition_width, arguments.half_resolutions
        self.architecture, self.colours = arguments.architecture, arguments.colours
        self.constant = (arguments.constant[0], arguments.constant[1])
        self.compute_dtype: torch.dtype | None = None
        self.mapping = MappingNetwork(arguments.mapping)
        self.synthesis = nn.Module()
        widths = channel_table(arguments.channels, arguments.resolution)
        before = 0
        for size in resolutions(arguments.resolution):
            self.synthesis.add_module(f"b{size}", Block(before, widths[size], size, arguments))
            before = widths[size]
        self.style_layers = tuple(self._style_layers())
        self.layers = max(layer.w_index for layer in self.style_layers) + 1

    def blocks(self) -> Iterator[Block]:
        """One for each resolution, from 4×4 on."""
        return iter(self.synthesis.children())  # type: ignore[arg-type]

    def _style_layers(self) -> Iterator[StyleLayer]:
        start, index = 0, 0
        for block in self.blocks():
            for name in block.names():
                width = getattr(block, name).affine.weight.shape[0]
                kind = "rgb" if name == "torgb" else "conv"
                yield StyleLayer(f"b{block.resolution}.{name}", kind, index, start, width, block.resolution)
                start += width
                index += kind == "conv"  # ToRGB shares its w with the next block's first convolution

    def affine(self, layer: StyleLayer) -> FullyConnected:
        """The map from w to the styles of a layer."""
        block, name = layer.name.split(".")
        return getattr(getattr(self.synthesis, block), name).affine

    def forward(
        self,
        styles: Styles,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
        correction: FeatureCorrection | None = None,
    ) -> Images:
        if correction is None:
            for synthesise in (inference.synthesise, gradient.synthesise):
                fast = synthesise(self, styles, noise, pivot, asked_dtype(self, styles))
                if fast is not None:
                    return fast
        return self.layer_by_layer(styles, noise, pivot, correction)

    def layer_by_layer(
        self,
        styles: Styles,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
        correction: FeatureCorrection | None = None,
    ) -> Images:
        """The general path: differentiable in everything, to any order."""
        by_layer = {layer.name: styles[:, layer.channels] for layer in self.style_layers}
        maps = NoiseMaps(noise, pivot, len(styles))
        x = image = None
        for block in self.blocks():
            dtype = block_dtype(self, block.resolution, styles)
            added = correction.values if correction and correction.resolution == block.resolution else None
            x, image = block(x, image, by_layer, maps, pivot, dtype, added)
        return image  # type: ignore[return-value]
