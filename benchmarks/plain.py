"""The usual PyTorch way to run these networks, on the weights of ours: one operation after the other, no native kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

SQRT2 = math.sqrt(2)


def upfirdn(
    x: Tensor,
    fir: Tensor | None,
    up: int = 1,
    down: int = 1,
    pad: tuple[int, ...] = (0, 0, 0, 0),
    gain: float = 1,
) -> Tensor:
    """Zero-insert, pad or crop, convolve each channel, keep every down-th pixel."""
    n, c, h, w = x.shape
    fir = torch.ones([1, 1], dtype=x.dtype, device=x.device) if fir is None else fir
    x = x.reshape(n, c, h, 1, w, 1)
    x = F.pad(x, [0, up - 1, 0, 0, 0, up - 1])
    x = x.reshape(n, c, h * up, w * up)
    x = F.pad(x, [max(side, 0) for side in pad])
    x = x[
        :, :, max(-pad[2], 0) : x.shape[2] - max(-pad[3], 0), max(-pad[0], 0) : x.shape[3] - max(-pad[1], 0)
    ]
    kernel = (fir * gain ** (fir.ndim / 2)).to(x.dtype).flip(list(range(fir.ndim)))
    if fir.ndim == 2:
        x = F.conv2d(x, kernel[None, None].repeat(c, 1, 1, 1), groups=c)
    else:
        x = F.conv2d(x, kernel[None, None, None].repeat(c, 1, 1, 1), groups=c)
        x = F.conv2d(x, kernel[None, None, :, None].repeat(c, 1, 1, 1), groups=c)
    return x[:, :, ::down, ::down]


def bias_act(x: Tensor, bias: Tensor, act: str, gain: float, clamp: float | None) -> Tensor:
    x = x + bias.to(x.dtype)[None, :, None, None]
    if act == "lrelu":
        x = F.leaky_relu(x, 0.2)
    if gain != 1:
        x = x * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


def resampled(x: Tensor, weight: Tensor, up: int, fir: Tensor | None, padding: int, groups: int) -> Tensor:
    if up == 1:
        return F.conv2d(x, weight, padding=padding, groups=groups)
    if groups == 1:
        weight = weight.transpose(0, 1)
    else:
        out, into, k, _ = weight.shape
        weight = (
            weight.reshape(groups, out // groups, into, k, k)
            .transpose(1, 2)
            .reshape(groups * into, out // groups, k, k)
        )
    x = F.conv_transpose2d(x, weight, stride=up, groups=groups)
    return upfirdn(x, fir, pad=(1, 1, 1, 1), gain=up**2)


def modulated(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    up: int,
    fir: Tensor | None,
    *,
    demodulate: bool,
    fused: bool,
    padding: int,
) -> Tensor:
    n = len(x)
    out, into, k, _ = weight.shape
    if demodulate and x.dtype == torch.float16:
        weight = weight * (1 / math.sqrt(into * k * k) / weight.abs().amax((1, 2, 3), keepdim=True))
        styles = styles / styles.abs().amax(1, keepdim=True)
    w = factor = None
    if demodulate or fused:
        w = weight[None] * styles[:, None, :, None, None]
    if demodulate:
        factor = (w.square().sum((2, 3, 4)) + 1e-8).rsqrt()
    if not fused:
        x = x * styles.to(x.dtype)[:, :, None, None]
        x = resampled(x, weight.to(x.dtype), up, fir, padding, 1)
        return x if factor is None else x * factor.to(x.dtype)[:, :, None, None]
    if factor is not None:
        w = w * factor[:, :, None, None, None]
    w = w.reshape(n * out, into, k, k).to(x.dtype)
    x = x.reshape(1, n * into, *x.shape[2:])
    x = resampled(x, w, up, fir, padding, n)
    return x.reshape(n, out, *x.shape[2:])


def stylegan2(
    network,
    styles: Tensor,
    *,
    fused: bool,
    dtype: torch.dtype = torch.float32,
    noise: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Skip architecture, stored noise or that of a mapping; `dtype` in all blocks, or float16 in the published ones."""
    by_layer = {layer.name: styles[:, layer.channels] for layer in network.style_layers}
    x = image = None
    for block in network.blocks():
        half = dtype != torch.float16 or block.resolution * 2**network.half_resolutions > network.resolution
        number = dtype if half else torch.float32
        for name in ("conv0", "conv1"):
            conv = getattr(block, name, None)
            if conv is None:
                x = block.const.to(number)[None].repeat(len(styles), 1, 1, 1)
                continue
            key = f"b{block.resolution}.{name}"
            x = modulated(
                x.to(number),
                conv.weight,
                by_layer[key],
                conv.up,
                conv.resample_filter,
                demodulate=True,
                fused=fused,
                padding=0 if conv.up > 1 else 1,
            )
            drawn = conv.noise_const if noise is None else noise[key]
            x = x + (drawn * conv.noise_strength).to(x.dtype)
            x = bias_act(x, conv.bias, "lrelu", SQRT2, conv.clamp)
        rgb = block.torgb
        y = modulated(
            x,
            rgb.weight,
            by_layer[f"b{block.resolution}.torgb"] * rgb.scale,
            1,
            None,
            demodulate=False,
            fused=fused,
            padding=0,
        )
        y = bias_act(y, rgb.bias, "linear", 1, rgb.clamp).float()
        image = (
            y if image is None else upfirdn(image, block.resample_filter, up=2, pad=(2, 1, 2, 1), gain=4) + y
        )
    return image


def filtered_lrelu(x: Tensor, layer, gain: float, slope: float) -> Tensor:
    geometry = layer.geometry
    x = x + layer.bias.to(x.dtype)[None, :, None, None]
    x = upfirdn(x, layer.up_filter, up=geometry.up, pad=geometry.padding, gain=geometry.up**2)
    x = F.leaky_relu(x, slope) * gain
    if layer.clamp is not None:
        x = x.clamp(-layer.clamp, layer.clamp)
    return upfirdn(x, layer.down_filter, down=geometry.down)


def stylegan3(network, styles: Tensor, *, fused: bool = True, dtype: torch.dtype = torch.float32) -> Tensor:
    """Per-sample grouped convolution (published code has no other way), resampling by zero-insert."""
    first, *others = network.style_layers
    x = network.synthesis.input(styles[:, first.channels])
    for spec in others:
        layer = getattr(network.synthesis, spec.name)
        half = (
            dtype != torch.float16
            or layer.geometry.after.rate * 2**network.half_resolutions > network.resolution
        )
        x = x.to(dtype if half else torch.float32)
        s = styles[:, spec.channels] * layer.style_scale
        n, (out, into, k, _) = len(x), layer.weight.shape
        w = layer.weight
        if not layer.geometry.rgb:
            w = w * w.square().mean((1, 2, 3), keepdim=True).rsqrt()
            s = s * s.square().mean().rsqrt()
        w = w[None] * s[:, None, :, None, None]
        if not layer.geometry.rgb:
            w = w * (w.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        w = (w * layer.magnitude_ema.rsqrt()).reshape(n * out, into, k, k).to(x.dtype)
        x = F.conv2d(x.reshape(1, n * into, *x.shape[2:]), w, padding=k - 1, groups=n)
        x = x.reshape(n, out, *x.shape[2:])
        rgb = layer.geometry.rgb
        x = filtered_lrelu(x, layer, 1.0 if rgb else SQRT2, 1.0 if rgb else 0.2)
    return x.float() * network.output_scale
