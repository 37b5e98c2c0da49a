"""StyleGAN2's synthesis when styles or own noise maps ask for a gradient, as in projection: the fast path, and its way back by hand.

Forward it is inference that keeps each layer's output. Backward each layer takes one pass over that output (activation,
noise, demodulation, colours and the sums that styles and noise need), the filter turned round, and one convolution with weights
laid out once. A gradient of this gradient is taken through the general path.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from cuda_ops.tail_gradient import End, tail_gradient
from cuda_ops.upfirdn2d import transposed
from latentlab.core.noise import FIXED, NO_NOISE, Noise
from latentlab.core.pivot import Pivot
from latentlab.networks.fast import gradients_asked, plan_for, state_of, undisturbed, workspaces
from latentlab.networks.inference import Inference
from latentlab.networks.layers import EPSILON
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.packed import Packed
from latentlab.networks.plan import Layer, Plan
from latentlab.networks.trace import Trace

if TYPE_CHECKING:
    from latentlab.networks.stylegan2 import StyleGAN2


def synthesise(
    network: StyleGAN2, styles: Tensor, noise: Noise, pivot: Pivot | None, dtype: torch.dtype | None
) -> Tensor | None:
    """The image, differentiable in styles and own noise maps; None where others ask for a gradient, or the path is not for it."""
    asking = {name: value for name, value in noise.maps.items() if value.requires_grad}
    if not (torch.is_grad_enabled() and (styles.requires_grad or asking)):
        return None
    if gradients_asked(network, styles.detach(), FIXED, pivot):
        return None
    plan = plan_for(network, styles, dtype)
    if plan is None:
        return None
    image: Tensor = _Synthesis.apply(
        _Call(network, plan, noise, pivot, tuple(asking)), styles, *asking.values()
    )
    return image


@dataclass(frozen=True, eq=False)
class _Call:
    """What a synthesis is given beside what it may be differentiated by."""

    network: StyleGAN2
    plan: Plan
    noise: Noise
    pivot: Pivot | None
    asking: tuple[str, ...]
    """The layers whose noise maps follow the styles."""


class _Synthesis(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, styles: Tensor, *maps: Tensor) -> Tensor:
        with undisturbed():
            spaces = workspaces(call.network)
            space = spaces.take()
            forward = Inference(
                call.network, call.plan, space, styles.detach().float(), call.pivot, traced=True
            )
            weakref.finalize(forward, spaces.give, space)  # with the graph
            image = forward.run(NoiseMaps(call.noise, call.pivot, len(styles)))
        ctx.forward, ctx.state, ctx.asking = forward, state_of(call.network), call.asking
        ctx.save_for_backward(styles, *maps)
        return image

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        styles, *values = ctx.saved_tensors
        maps = dict(zip(ctx.asking, values, strict=True))
        forward: Inference = ctx.forward
        if state_of(forward.network) != ctx.state:
            raise RuntimeError("the generator's weights were changed between the synthesis and its gradient")
        if torch.is_grad_enabled():
            return None, *_again(forward, styles, maps, gradient)
        with undisturbed():
            backward = Backward(forward, frozenset(maps))
            found = backward.run(gradient.float().contiguous())
            parts = [found[layer.name] for layer in forward.network.style_layers]
            at_maps = [backward.at_map(name, value) for name, value in maps.items()]
        return None, torch.cat(parts, dim=1).to(styles.dtype), *at_maps


def _again(
    forward: Inference, styles: Tensor, asking: Mapping[str, Tensor], gradient: Tensor
) -> Iterator[Tensor | None]:
    """The gradients as functions that can be differentiated once more, under the noise that was used."""
    maps = {trace.layer.name: trace.noise[:, None] for trace in forward.traces if trace.noise is not None}
    used = maps | {name: value for name, value in asking.items() if name in maps}
    noise = Noise(maps=used) if maps else NO_NOISE
    with torch.autocast("cpu", forward.plan.dtype, enabled=forward.plan.dtype != torch.float32):
        image = forward.network.layer_by_layer(styles, noise, forward.pivot)
    inputs = [styles, *asking.values()]
    wanted = [value for value in inputs if value.requires_grad]
    found = iter(torch.autograd.grad(image, wanted, gradient, create_graph=True, allow_unused=True))
    return (next(found) if value.requires_grad else None for value in inputs)


class Backward:
    """The way from the gradient at the image to the gradients at styles and noise, by the traces of a synthesis."""

    def __init__(self, forward: Inference, asking: Set[str] = frozenset()) -> None:
        self.forward, self.space, self.dtype = forward, forward.space, forward.plan.dtype
        self.asking = asking
        self.found: dict[str, Tensor] = {}
        self.at_noise: dict[str, Tensor] = {}

    def run(self, image: Tensor) -> Mapping[str, Tensor]:
        """By the name of the style layer, [n channels]."""
        traces = self.forward.traces
        first = next(i for i, trace in enumerate(traces) if trace.colours)
        following: Trace | None = None
        gradient: Tensor | None = None
        for index in reversed(range(len(traces))):
            trace = traces[index]
            colours = None
            if trace.colours:
                colours = image if trace.shut is None else image.masked_fill(trace.shut, 0)
                image = self._halved(trace, image) if index > first else image
            gradient = self._through(trace, following, gradient, colours, "odd" if index % 2 else "even")
            following = trace
        self._into_constant(traces[0], gradient)
        return self.found

    def at_map(self, name: str, value: Tensor) -> Tensor | None:
        """The gradient at a noise map, in its own shape; None where its layer takes no noise."""
        if (found := self.at_noise.get(name)) is None:
            return None
        return found[:, None].sum_to_size(value.shape).to(value)

    def _through(
        self,
        trace: Trace,
        following: Trace | None,
        gradient: Tensor | None,
        colours: Tensor | None,
        piece: str,
    ) -> Tensor:
        """From the gradient behind the next layer's convolution to that behind this one's, with rows of zeros around it."""
        name, end, y = trace.layer.name, self._end(trace, following), trace.output
        n, c, h, w = y.shape
        out = self.space.rows(piece, n, c, h, w, self.dtype)
        log_scale = torch.zeros_like(end.scale)
        at_weight = None if end.weight is None else torch.zeros_like(end.weight)
        if name in self.asking and end.noise is not None:
            self.at_noise[name] = torch.empty(n, h, w)
        at_noise = self.at_noise.get(name)
        for samples, rows, above in self._before(following, gradient):
            shown = None if colours is None else colours[samples, :, rows]
            part = end.cut(samples, rows)
            into, noisy = (
                out[samples, :, 1:-1][:, :, rows],
                None if at_noise is None else at_noise[samples, rows],
            )
            passed = tail_gradient(above, y[samples, :, rows], part, into, shown, noisy)
            log_scale[samples] += passed.scale
            if following is not None:
                self.found[following.layer.name][samples] += passed.following
            if at_weight is not None:
                at_weight[samples] += passed.weight

        styles, prepared = self.forward.styles[name], self.forward.weights[name]
        self.found[name] = -styles * ((log_scale * end.scale.square()) @ prepared.power.t())  # of eq. 3
        if at_weight is not None:
            kernel, scale = self.forward.kernel(trace.layer), self._torgb_scale(trace)
            self.found[_torgb(name)] = (at_weight * kernel).sum(1) * scale
        return out

    def _before(
        self, trace: Trace | None, gradient: Tensor | None
    ) -> Iterator[tuple[slice, slice, Tensor | None]]:
        """(samples, rows, gradient at the modulated input there) of a layer, in pieces that stay in the cache."""
        if trace is None or gradient is None:
            yield slice(None), slice(None), None
            return
        layer = trace.layer
        convolve = self._backwards(layer)
        for s0, s1, r0, r1 in self._units(layer):
            behind = gradient[s0:s1]
            behind = self._unfiltered(layer, behind, r0, r1) if layer.up else behind[:, :, r0 : r1 + 2]
            yield slice(s0, s1), slice(r0, r1), convolve(behind)

    def _backwards(self, layer: Layer) -> Packed:
        """The convolution from the gradient behind a layer's convolution to that before it."""
        prepared, weight = self.forward.weights[layer.name], layer.module.weight
        if prepared.back is not None:
            return prepared.back
        pivot = self.forward.pivot
        return prepared.backwards(layer, weight if pivot is None else pivot.weight(layer.name, weight))

    def _units(self, layer: Layer) -> Iterator[tuple[int, int, int, int]]:
        """(first sample, last, first row, last)."""
        side, band = layer.size_in, layer.band_back(self.dtype.itemsize)
        if band == side:
            yield 0, self.forward.count, 0, side
            return
        for sample in range(self.forward.count):
            for row in range(0, side, band):
                yield sample, sample + 1, row, min(row + band, side)

    def _unfiltered(self, layer: Layer, gradient: Tensor, r0: int, r1: int) -> Tensor:
        """Rows 2·r0 to 2·r1 of the gradient at what the filter of an up-convolution was given."""
        fir, side = layer.module.resample_filter, 2 * layer.size_in
        taps = fir.shape[-1]  # type: ignore[union-attr]
        before = taps - 1 - layer.before
        low, high = 2 * r0 - before, 2 * r1 + taps - before  # rows that the filter meets
        begin, end = max(low, 0), min(high, side)
        sides = (before, taps - before, begin - low, high - end)
        band = gradient[:, :, 1 + begin : 1 + end]
        filtered: Tensor = self.forward.plan.kernels.upfirdn2d(band, fir, 1, 1, 1, 1, *sides, True, 4.0)
        return filtered

    def _halved(self, trace: Trace, image: Tensor) -> Tensor:
        """The gradient at the image before it was doubled."""
        fir: Tensor = self.forward.block(trace.layer).resample_filter  # type: ignore[assignment]
        taps, side = fir.shape[-1], image.shape[-1] // 2
        before, after = (taps + 1) // 2, (taps - 2) // 2
        back = transposed(fir, (2, 2, 1, 1, before, after, before, after), (side, side), image.shape[2:])
        halved: Tensor = self.forward.plan.kernels.upfirdn2d(image, fir, *back, True, 4.0)
        return halved

    def _into_constant(self, first: Trace, gradient: Tensor | None) -> None:
        """Into the styles of the first layer, which modulate the constant."""
        const = next(self.forward.network.blocks()).const.detach()
        for samples, rows, above in self._before(first, gradient):
            assert above is not None, "a synthesis has layers"
            self.found[first.layer.name][samples] += (above.float() * const[:, rows]).sum((2, 3))

    def _end(self, trace: Trace, following: Trace | None) -> End:
        """What stood behind the convolution of a layer."""
        styles, name = self.forward.styles, trace.layer.name
        scale = (styles[name].square() @ self.forward.weights[name].power + EPSILON).rsqrt()
        weight = None
        if trace.colours:
            weight = (styles[_torgb(name)] * self._torgb_scale(trace))[:, None] * self.forward.kernel(
                trace.layer
            )
        return End(
            scale=scale,
            noise=trace.noise,
            following=torch.ones_like(scale) if following is None else styles[following.layer.name],
            weight=weight,
            **self.forward.arguments(trace.layer),
        )

    def _torgb_scale(self, trace: Trace) -> float:
        return float(self.forward.torgb(trace.layer).scale)  # type: ignore[arg-type]


def _torgb(name: str) -> str:
    """Style layer of the colours behind a convolution."""
    return name.removesuffix("conv1") + "torgb"
