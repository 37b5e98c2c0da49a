"""StyleGAN3 (Karras et al. 2021), T and R: every signal band-limited, so that detail moves with the surfaces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cuda_ops import filtered_lrelu
from latentlab.core.generator import StyleLayer
from latentlab.core.latent import FeatureCorrection
from latentlab.core.lowpass import lowpass
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.shapes import Images, Styles
from latentlab.networks.alias_free import Geometry, geometries, signals
from latentlab.networks.fourier import FourierInput
from latentlab.networks.layers import EPSILON, FullyConnected
from latentlab.networks.mapped import MappedGenerator
from latentlab.networks.mapping import Mapping as MappingNetwork
from latentlab.networks.precision import block_dtype, cast
from latentlab.networks.stylegan3_arguments import StyleGAN3Arguments


class AliasFreeLayer(nn.Module):
    """Modulated convolution and a filtered nonlinearity, from one band-limited signal to the next."""

    magnitude_ema: Tensor
    up_filter: Tensor
    down_filter: Tensor

    def __init__(self, geometry: Geometry, arguments: StyleGAN3Arguments) -> None:
        super().__init__()
        self.geometry = geometry
        self.clamp, self.beta = arguments.conv_clamp, arguments.magnitude_ema_beta
        before, after, kernel = geometry.before, geometry.after, geometry.kernel
        self.affine = FullyConnected(arguments.w_width, before.channels, bias_start=1)
        self.weight = nn.Parameter(torch.empty(after.channels, before.channels, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(after.channels))
        self.register_buffer("magnitude_ema", torch.ones([]))
        rate = geometry.between_rate
        enlarge = lowpass(geometry.up_taps, before.cutoff, before.half_width * 2, rate)
        shrink = lowpass(geometry.down_taps, after.cutoff, after.half_width * 2, rate, radial=geometry.radial)
        self.register_buffer("up_filter", enlarge)
        self.register_buffer("down_filter", shrink)
        self.style_scale = 1 / math.sqrt(before.channels * kernel**2) if geometry.rgb else 1.0

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        self.bias.zero_()
        self.magnitude_ema.fill_(1)

    def convolve(self, x: Tensor, styles: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
        """eq. 3 of StyleGAN2 on pre-normalised weights and styles, times the gain that the input's magnitude asks for.

        The convolution alone computes in `dtype`: fifteen layers of further rounding to bf16 would show.
        """
        input_gain = self.magnitude_ema.rsqrt()
        if self.geometry.rgb:
            out_gain = input_gain.expand(len(styles), weight.shape[0])
        else:
            weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            styles = styles * styles.square().mean().rsqrt()
            power = styles.square() @ weight.square().sum((2, 3)).t()
            out_gain = (power + EPSILON).rsqrt() * input_gain
        y = cast(x * styles.to(x.dtype)[:, :, None, None], dtype)
        y = F.conv2d(y, weight.to(dtype), padding=weight.shape[-1] - 1)
        return y * out_gain.to(x.dtype)[:, :, None, None]

    def forward(self, x: Tensor, styles: Tensor, pivot: Pivot | None, dtype: torch.dtype) -> Tensor:
        geometry = self.geometry
        x = cast(x, torch.float32 if dtype == torch.bfloat16 else dtype)
        if self.training:
            with torch.no_grad():
                self.magnitude_ema.copy_(
                    x.detach().float().square().mean().lerp(self.magnitude_ema, self.beta)
                )
        weight = self.weight if pivot is None else pivot.weight(geometry.name, self.weight)
        y = self.convolve(x, styles * self.style_scale, weight, dtype)
        return filtered_lrelu(
            y,
            self.up_filter,
            self.down_filter,
            self.bias.to(y.dtype),
            up=geometry.up,
            down=geometry.down,
            padding=geometry.padding,
            gain=1.0 if geometry.rgb else math.sqrt(2),
            slope=1.0 if geometry.rgb else 0.2,
            clamp=self.clamp,
        )


class StyleGAN3(MappedGenerator):
    """Built from its arguments under their published names; there is no noise, so noise sources have no effect."""

    kind = "stylegan3"
    Arguments: ClassVar = StyleGAN3Arguments

    def __init__(self, arguments: StyleGAN3Arguments) -> None:
        super().__init__()
        self.resolution = arguments.resolution
        self.z_width, self.w_width = arguments.z_width, arguments.w_width
        self.condition_width, self.half_resolutions = arguments.condition_width, arguments.num_fp16_res
        self.output_scale, self.colours = arguments.output_scale, arguments.colours
        self.compute_dtype: torch.dtype | None = None
        self.mapping = MappingNetwork(arguments.mapping)
        chain = signals(arguments)
        self.synthesis = nn.Module()
        self.synthesis.input = FourierInput(arguments.w_width, chain[0])
        plan = geometries(chain, arguments)
        self.names = [geometry.name for geometry in plan]
        for geometry in plan:
            self.synthesis.add_module(geometry.name, AliasFreeLayer(geometry, arguments))
        self.style_layers = tuple(self._style_layers(plan))
        self.layers = len(self.style_layers)

    def _style_layers(self, plan: list[Geometry]) -> Iterator[StyleLayer]:
        yield StyleLayer("input", "input", 0, 0, 4, plan[0].before.size)
        start = 4
        for index, geometry in enumerate(plan):
            kind = "rgb" if geometry.rgb else "conv"
            width = geometry.before.channels
            yield StyleLayer(geometry.name, kind, index + 1, start, width, geometry.after.size)
            start += width

    def affine(self, layer: StyleLayer) -> FullyConnected:
        """The map from w to the styles of a layer."""
        return getattr(self.synthesis, layer.name).affine

    def forward(
        self,
        styles: Styles,
        noise: Noise = FIXED,
        pivot: Pivot | None = None,
        correction: FeatureCorrection | None = None,
    ) -> Images:
        first, *others = self.style_layers
        x = self.synthesis.input(styles[:, first.channels])  # type: ignore[operator]
        last_of = {layer.resolution: layer.name for layer in others if layer.kind == "conv"}
        for layer in others:
            module = getattr(self.synthesis, layer.name)
            dtype = block_dtype(self, int(module.geometry.after.rate), styles)
            x = module(x, styles[:, layer.channels], pivot, dtype)
            if correction is not None and last_of.get(correction.resolution) == layer.name:
                x = x + correction.values.to(x)
        return x.to(torch.promote_types(x.dtype, torch.float32)) * self.output_scale
