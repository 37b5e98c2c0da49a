"""StyleGAN2's synthesis when no gradient is asked for: packed weights, bands that stay in the cache, fused layer ends.

Styles scale the activations, at the end of the layer before: there it costs nothing, while weights of each sample's own
would have to be laid out each time. An up-convolution runs as the four convolutions whose results interleave; the filter
behind it, noise, bias, activation and the way to colours happen while the band is still in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.networks import plan as plans
from latentlab.networks.fast import gradients_asked, plan_for, undisturbed, workspaces
from latentlab.networks.layers import EPSILON
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.plan import SLOPES, Layer, Plan, Prepared
from latentlab.networks.trace import Trace
from latentlab.networks.workspace import Workspace

if TYPE_CHECKING:
    from latentlab.networks.stylegan2 import StyleGAN2


@dataclass(eq=False)
class Ending:
    """What follows the convolutions of a layer, for the whole batch; `cut` narrows it to samples and output rows."""

    arguments: dict[str, Any]
    out: Tensor | None
    keep: Tensor | None
    rgb: Tensor | None
    noise: Tensor | None
    weight: Tensor | None
    scale: Tensor | None
    next: Tensor | None

    def cut(self, s0: int, s1: int, r0: int, r1: int) -> dict[str, Any]:
        noise = self.noise
        if noise is not None:
            noise = noise[s0:s1, r0:r1] if len(noise) > 1 else noise[:, r0:r1]
        return self.arguments | {
            "out": None if self.out is None else self.out[s0:s1, :, r0 + 1 : r1 + 1],
            "keep": None if self.keep is None else self.keep[s0:s1, :, r0 + 1 : r1 + 1],
            "rgb": None if self.rgb is None else self.rgb[s0:s1, :, r0:r1],
            "noise": noise,
            "weight": None if self.weight is None else self.weight[s0:s1],
            "scale": None if self.scale is None else self.scale[s0:s1],
            "next": None if self.next is None else self.next[s0:s1],
        }


def in_fours(weight: Tensor) -> Tensor:
    """[n colours in] as the kernel reads it, [n in/4 4 4]: four channels of each of four colours, filled up by zeros."""
    n, colours, width = weight.shape
    filled = F.pad(weight, (0, -width % 4, 0, 4 - colours))
    return filled.reshape(n, 4, -1, 4).transpose(1, 2).contiguous()


class Inference:
    """One synthesis: holds its plan, its memory, its inputs."""

    def __init__(
        self,
        network: StyleGAN2,
        plan: Plan,
        space: Workspace,
        styles: Tensor,
        pivot: Pivot | None,
        *,
        traced: bool = False,
    ) -> None:
        self.network, self.plan, self.space, self.pivot = network, plan, space, pivot
        self.traced, self.traces = traced, list[Trace]()
        self.styles = {name: styles[:, columns].contiguous() for name, columns in plan.slices.items()}
        self.count = len(styles)
        self.weights = plan.weights(pivot)

    def run(self, maps: NoiseMaps) -> Tensor:
        """The image [n colours h w], float32."""
        network, layers = self.network, self.plan.layers
        first = layers[0]
        const = next(network.blocks()).const
        side = first.size_in
        x = self.space.rows("odd", self.count, first.width_in, side, side, self.plan.dtype)
        x[:, :, 1:-1].copy_(const[None] * self.styles[first.name][:, :, None, None])

        image: Any = None
        for index, layer in enumerate(layers):
            following = layers[index + 1] if index + 1 < len(layers) else None
            x, rgb = self._layer(layer, following, x, maps, "even" if index % 2 == 0 else "odd")  # type: ignore[assignment]
            if rgb is not None:
                image = self._add_colours(layer, image, rgb, last=following is None)
        return image

    def _layer(
        self, layer: Layer, following: Layer | None, x: Tensor, maps: NoiseMaps, piece: str
    ) -> tuple[Tensor | None, Tensor | None]:
        count, size = self.count, layer.module.resolution
        prepared = self.weights[layer.name]
        styles = self.styles[layer.name]
        scale = (styles.square() @ prepared.power + EPSILON).rsqrt()
        next_styles = None if following is None else self.styles[following.name]
        out = keep = None
        if self.traced:
            keep = self.space.rows(layer.name, count, layer.width_out, size, size, self.plan.dtype)
        if following is not None:
            out = self.space.rows(piece, count, layer.width_out, size, size, self.plan.dtype)
        rgb, weight = self._colours(layer)
        noise = self._noise(layer, maps)
        ending = Ending(self.arguments(layer), out, keep, rgb, noise, weight, scale, next_styles)
        if layer.up:
            self._up(layer, prepared, x, ending)
        else:
            self._flat(layer, prepared, x, ending)
        if keep is not None:
            self.traces.append(Trace(layer, keep[:, :, 1:-1], noise, rgb is not None, self._shut(layer, rgb)))
        return out, rgb

    def _shut(self, layer: Layer, rgb: Tensor | None) -> Tensor | None:
        """Where the clamp on a layer's colours shuts."""
        if rgb is None or (clamp := self.torgb(layer).clamp) is None:
            return None
        return (rgb + self.torgb(layer).bias.detach()[:, None, None]).abs() >= clamp  # type: ignore[operator]

    @staticmethod
    def arguments(layer: Layer) -> dict[str, Any]:
        """Numbers and bias of the end of a layer."""
        module = layer.module
        return {
            "strength": layer.strength,
            "bias": module.bias.detach(),
            "slope": SLOPES[module.activation],
            "gain": module.gain,
            "clamp": -1.0 if module.clamp is None else float(module.clamp),
        }

    def _noise(self, layer: Layer, maps: NoiseMaps) -> Tensor | None:
        module = layer.module
        noise = maps.map(layer.name, module.noise_const) if module.noisy else None
        if noise is None:
            return None
        return noise.detach().float().reshape(-1, module.resolution, module.resolution).contiguous()

    def _colours(self, layer: Layer) -> tuple[Tensor | None, Tensor | None]:
        """Memory for the colours that leave this layer, and the weight that makes them."""
        name = layer.name.removesuffix("conv1") + "torgb"
        if name not in self.styles or not layer.name.endswith("conv1"):
            return None, None
        weight = (self.styles[name] * self.torgb(layer).scale)[:, None] * self.kernel(layer)  # type: ignore[operator]  # [n colours in]
        shape = (self.count, weight.shape[1], layer.module.resolution, layer.module.resolution)
        flat = self.space.flat("rgb", shape[0] * shape[1] * shape[2] * shape[3], torch.float32)
        return flat.view(shape), in_fours(weight)

    def kernel(self, layer: Layer) -> Tensor:
        """The weight of the colours behind a layer, before its styles: [colours in]."""
        name, module = layer.name.removesuffix("conv1") + "torgb", self.torgb(layer)
        base = module.weight if self.pivot is None else self.pivot.weight(name, module.weight)  # type: ignore[arg-type]
        return base.detach().float().flatten(1)  # type: ignore[operator]

    def block(self, layer: Layer) -> nn.Module:
        """The block that a layer belongs to."""
        return getattr(self.network.synthesis, layer.name.split(".")[0])

    def torgb(self, layer: Layer) -> nn.Module:
        """The way to colours of the layer's block."""
        return self.block(layer).torgb  # type: ignore[return-value]

    def _add_colours(self, layer: Layer, image: Tensor | None, rgb: Tensor, *, last: bool) -> Tensor:
        module = self.torgb(layer)
        clamp = module.clamp
        bias = module.bias.detach()  # type: ignore[operator]
        if image is None:
            colours = rgb + bias[:, None, None]
            return colours if clamp is None else colours.clamp(-clamp, clamp)  # type: ignore[arg-type, operator]
        fir = self.block(layer).resample_filter
        taps = fir.shape[-1]  # type: ignore[index]
        if last:
            out = torch.empty_like(rgb)
        else:
            name = "image" + str(layer.module.resolution.bit_length() % 2)
            out = self.space.flat(name, rgb.numel(), torch.float32).view(rgb.shape)
        limit = -1.0 if clamp is None else float(clamp)  # type: ignore[arg-type]
        self.plan.kernels.skip_add(image, rgb, out, fir, (taps + 1) // 2, (taps - 2) // 2, 4.0, bias, limit)
        return out

    def _units(self, layer: Layer) -> Iterator[tuple[int, int, int, int]]:
        """(first sample, last, first row, last): pieces that stay in the cache."""
        element = 4 if self.plan.dtype == torch.float32 else 2
        rows, band = layer.size_in + layer.up, layer.band(element)
        if band < rows:
            for sample in range(self.count):
                for row in range(0, rows, band):
                    yield sample, sample + 1, row, min(row + band, rows)
            return
        each = rows * layer.size_in * layer.width_out * element * (4 if layer.up else 1)
        pieces = -(-self.count * each // plans.BAND_BYTES)
        some = -(-self.count // pieces)
        some += some % 2 if some > 1 else 0  # two threads then share a piece evenly
        for sample in range(0, self.count, some):
            yield sample, min(sample + some, self.count), 0, rows

    def _flat(self, layer: Layer, prepared: Prepared, x: Tensor, ending: Ending) -> None:
        (packed,) = prepared.packed
        for s0, s1, r0, r1 in self._units(layer):
            y = packed(x[s0:s1, :, r0 : r1 + 2])
            self.plan.kernels.band_tail(y, **ending.cut(s0, s1, r0, r1))

    def _up(self, layer: Layer, prepared: Prepared, x: Tensor, ending: Ending) -> None:
        done = 0
        previous: list[Any] = []
        side = layer.size_in
        lag = len(layer.taps) - 1 - layer.before
        for s0, s1, r0, r1 in self._units(layer):
            if r0 == 0:
                previous, done = [], 0
            odd = (r0 + 1, r1 + 1) if s1 - s0 == 1 else (0, side + 2)
            rows = ((r0, r1 + 1), (r0, r1 + 1), odd, odd)
            phases = [part(x[s0:s1, :, a:b]) for part, (a, b) in zip(prepared.packed, rows, strict=True)]
            end = 2 * side if r1 == side + 1 else min(2 * side, 2 * r1 - lag)
            if end > done:
                where = (r0, odd[0] - 1, side, done, end - done, layer.taps, layer.before)
                self.plan.kernels.band_phases(phases, previous, *where, **ending.cut(s0, s1, done, end))
                previous, done = phases, end
            else:  # a band too thin for one output row: keep its rows
                previous = phases


def synthesise(
    network: StyleGAN2, styles: Tensor, noise: Noise, pivot: Pivot | None, dtype: torch.dtype | None
) -> Tensor | None:
    """The image, or None where the general path has to be taken; `dtype` is what the caller asked to compute in."""
    if gradients_asked(network, styles, noise, pivot):
        return None
    plan = plan_for(network, styles, dtype)
    if plan is None:
        return None
    with undisturbed(), workspaces(network).lend() as space:
        maps = NoiseMaps(noise, pivot, len(styles))
        return Inference(network, plan, space, styles.detach().float(), pivot).run(maps)
