"""StyleGAN2's synthesis when only the styles ask for a gradient, as in projection: the fast path, and its way back by hand.

Forward it is inference that keeps each layer's output. Backward each layer takes one pass over that output (activation,
noise, demodulation, colours and the sums that the styles need), the filter turned round, and one convolution with weights
laid out once. A gradient of this gradient is taken through the general path.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from cuda_ops.tail_gradient import End, tail_gradient
from cuda_ops.upfirdn2d import transposed
from latentlab.core.noise import NO_NOISE, Noise
from latentlab.core.pivot import Pivot
from latentlab.networks import inference
from latentlab.networks.inference import Inference
from latentlab.networks.layers import EPSILON
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.trace import Trace

if TYPE_CHECKING:
    from latentlab.networks.stylegan2 import StyleGAN2


def synthesise(
    network: StyleGAN2, styles: Tensor, noise: Noise, pivot: Pivot | None, dtype: torch.dtype | None
) -> Tensor | None:
    """The image, differentiable in the styles; None where something else asks for a gradient, or the path is not for it."""
    if not (torch.is_grad_enabled() and styles.requires_grad) or torch._C._are_functorch_transforms_active():
        return None
    if inference.gradients_asked(network, styles.detach(), noise, pivot):
        return None
    plan = inference.plan_for(network, styles, dtype)
    if plan is None:
        return None
    image: Tensor = _Synthesis.apply(styles, network, plan, noise, pivot)
    return image


class _Synthesis(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, styles: Tensor, network: StyleGAN2, plan: inference.Plan, noise: Noise, pivot: Pivot | None
    ) -> Tensor:
        with inference.undisturbed():
            spaces = inference.workspaces(network)
            space = spaces.take()
            forward = Inference(network, plan, space, styles.detach().float(), pivot, traced=True)
            weakref.finalize(forward, spaces.give, space)  # with the graph
            image = forward.run(NoiseMaps(noise, pivot, len(styles)))
        ctx.forward, ctx.state = forward, inference.state_of(network)
        ctx.save_for_backward(styles)
        return image

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (styles,) = ctx.saved_tensors
        forward: Inference = ctx.forward
        if inference.state_of(forward.network) != ctx.state:
            raise RuntimeError("the generator's weights were changed between the synthesis and its gradient")
        if torch.is_grad_enabled():
            return _again(forward, styles, gradient), None, None, None, None
        with inference.undisturbed():
            found = Backward(forward).run(gradient.float())
        parts = [found[layer.name] for layer in forward.network.style_layers]
        return torch.cat(parts, dim=1).to(styles.dtype), None, None, None, None


def _again(forward: Inference, styles: Tensor, gradient: Tensor) -> Tensor:
    """The gradient as a function that can be differentiated once more, under the noise that was used."""
    maps = {trace.layer.name: trace.noise[:, None] for trace in forward.traces if trace.noise is not None}
    noise = Noise(maps=maps) if maps else NO_NOISE
    with torch.autocast("cpu", forward.plan.dtype, enabled=forward.plan.dtype != torch.float32):
        image = forward.network.layer_by_layer(styles, noise, forward.pivot)
    (found,) = torch.autograd.grad(image, styles, gradient, create_graph=True)
    return found


@dataclass(frozen=True, eq=False)
class Backward:
    """The way from the gradient at the image to the gradients at the styles, by the traces of a synthesis."""

    forward: Inference

    def run(self, image: Tensor) -> Mapping[str, Tensor]:
        """By the name of the style layer, [n channels]."""
        traces = self.forward.traces
        found: dict[str, Tensor] = {}
        first = next(i for i, trace in enumerate(traces) if trace.colours)
        above = following = None
        for index in reversed(range(len(traces))):
            trace = traces[index]
            name = trace.layer.name
            colours = self._at_colours(trace, image) if trace.colours else None
            end, styles = self._end(trace), self.forward.styles[name]
            weight = self._colour_weight(trace)
            next_styles = self.forward.styles[following] if following else torch.ones_like(end.scale)
            passed = tail_gradient(above, trace.output, end, next_styles, colours, weight)

            if following:
                found[following] += passed.at_following
            if trace.colours:
                found[_torgb(name)] = self._at_colour_styles(trace, passed.at_weight)
                image = self._halved(trace, image) if index > first else image
            prepared = self.forward.weights[name]
            found[name] = -styles * ((passed.at_scale * end.scale.square()) @ prepared.power.t())  # of eq. 3
            above, following = self._before(trace, passed.at_conv), name
        const = next(self.forward.network.blocks()).const.detach()
        assert following is not None and above is not None, "a synthesis has layers"
        found[following] += (above.float() * const).sum((2, 3))
        return found

    def _end(self, trace: Trace) -> End:
        name = trace.layer.name
        power = self.forward.styles[name].square() @ self.forward.weights[name].power
        arguments = self.forward.arguments(trace.layer)
        return End(scale=(power + EPSILON).rsqrt(), noise=trace.noise, **arguments)

    def _colour_weight(self, trace: Trace) -> Tensor | None:
        if not trace.colours:
            return None
        styles = self.forward.styles[_torgb(trace.layer.name)]
        scale: float = self.forward.torgb(trace.layer).scale  # type: ignore[assignment]
        return (styles * scale)[:, None] * self.forward.kernel(trace.layer)

    def _at_colours(self, trace: Trace, image: Tensor) -> Tensor:
        image = image.contiguous()
        return image if trace.clamped is None else image.masked_fill(trace.clamped, 0)

    def _at_colour_styles(self, trace: Trace, at_weight: Tensor) -> Tensor:
        scale: float = self.forward.torgb(trace.layer).scale  # type: ignore[assignment]
        return (at_weight * self.forward.kernel(trace.layer)).sum(1) * scale

    def _halved(self, trace: Trace, image: Tensor) -> Tensor:
        """The gradient at the image before it was doubled."""
        fir: Tensor = self._block(trace).resample_filter
        taps, side = fir.shape[-1], image.shape[-1]
        before, after = (taps + 1) // 2, (taps - 2) // 2
        return self._filtered(image, fir, (2, 2, 1, 1, before, after, before, after), side // 2)

    def _before(self, trace: Trace, gradient: Tensor) -> Tensor:
        """Through filter and convolution: the gradient at the modulated input of a layer."""
        layer = trace.layer
        if layer.up:
            fir, side = layer.module.resample_filter, gradient.shape[-1] + 1
            pads = (layer.before, fir.shape[-1] - 2 - layer.before)
            gradient = self._filtered(gradient, fir, (1, 1, 1, 1, *pads, *pads), side)
        weight = layer.module.weight
        if self.forward.pivot is not None:
            weight = self.forward.pivot.weight(layer.name, weight)
        return self.forward.weights[layer.name].backwards(layer, weight)(gradient)

    def _filtered(self, gradient: Tensor, fir: Tensor, geometry: tuple[int, ...], side: int) -> Tensor:
        """The transpose of an upfirdn2d whose input had `side` pixels and whose gain was 4."""
        back = transposed(fir, geometry, (side, side), gradient.shape[2:])
        filtered: Tensor = self.forward.plan.kernels.upfirdn2d(gradient, fir, *back, True, 4.0)
        return filtered

    def _block(self, trace: Trace) -> Any:
        return getattr(self.forward.network.synthesis, trace.layer.name.split(".")[0])


def _torgb(name: str) -> str:
    """Style layer of the colours behind a convolution."""
    return name.removesuffix("conv1") + "torgb"
