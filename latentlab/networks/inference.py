"""StyleGAN2's synthesis when no gradient is asked for: packed weights, bands that stay in the cache, fused layer ends.

The styles of wide layers scale the activations (at the end of the layer before), those of large images scale the small
weights instead. An up-convolution runs as the four convolutions whose results interleave; the filter behind it, noise,
bias, activation and the way to colours happen while the band is still in the cache.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cuda_ops import native
from cuda_ops.activations import ACTIVATIONS
from latentlab.core.noise import Noise
from latentlab.core.pivot import Pivot
from latentlab.networks.convolution import blur_padding
from latentlab.networks.layers import EPSILON
from latentlab.networks.noise_maps import NoiseMaps
from latentlab.networks.packed import PHASE_PADDING, Packed, packing_works, phases_of
from latentlab.networks.trace import Trace
from latentlab.networks.workspace import Workspace, Workspaces

if TYPE_CHECKING:
    from latentlab.networks.stylegan2 import StyledConvolution, StyleGAN2

BAND_BYTES = 4 << 20
"""Size of the piece of a layer that is computed at once."""
THINNEST = 8
"""Rows of a band, at least: a filter of 8 taps must find its rows in this band and the one before."""
SLOPES = {"lrelu": ACTIVATIONS["lrelu"].alpha, "relu": 0.0, "linear": 1.0}
PIVOTS_KEPT = 2


@dataclass(eq=False)
class Layer:
    """What one modulated convolution needs at run time."""

    name: str
    module: StyledConvolution
    size_in: int
    taps: list[float] = field(default_factory=list)
    """Filter behind an up-convolution along one axis, gain included."""
    before: int = 0
    strength: float = 0.0

    @property
    def up(self) -> bool:
        return self.module.up == 2

    @property
    def width_in(self) -> int:
        return self.module.weight.shape[1]

    @property
    def width_out(self) -> int:
        return self.module.weight.shape[0]

    @property
    def scales_weights(self) -> bool:
        """Cheaper to scale the weights of each sample than its activations."""
        return self.size_in**2 > 18 * self.width_out

    def band(self, element: int) -> int:
        """Rows of the input computed at once."""
        row = self.width_out * self.size_in * (4 if self.up else 1) * element
        rows = self.size_in + self.up
        pieces = max(1, -(-rows * row // BAND_BYTES))
        return min(rows, max(THINNEST, -(-rows // pieces)))

    def band_back(self, element: int) -> int:
        """Rows of the input whose gradient is computed at once."""
        row = max(self.width_in, self.width_out * (4 if self.up else 1)) * self.size_in * element
        pieces = -(-self.size_in * row // BAND_BYTES)
        return min(self.size_in, max(THINNEST, -(-self.size_in // pieces)))


class Prepared:
    """The weight of one layer under one pivot (or none) in one number format."""

    def __init__(self, layer: Layer, weight: Tensor, dtype: torch.dtype) -> None:
        weight = weight.detach().float()
        self.power = weight.square().sum((2, 3)).t().contiguous()  # [in out]
        self.parts = phases_of(weight) if layer.up else [weight.contiguous()]
        self.dtype = dtype
        self.back: Packed | None = None
        self.packed: list[Packed] | None = None
        if not layer.scales_weights:
            self.packed = self.pack(layer, self.parts)
            self.parts = []

    def pack(self, layer: Layer, parts: list[Tensor]) -> list[Packed]:
        """oneDNN's layout of the convolutions of the layer."""
        paddings = PHASE_PADDING if layer.up else ((0, 1),)
        rows = layer.band(4 if self.dtype == torch.float32 else 2)
        size = (1, layer.width_in, rows + 2, layer.size_in)
        return [
            Packed(part.to(self.dtype), padding, size) for part, padding in zip(parts, paddings, strict=True)
        ]

    def backwards(self, layer: Layer, weight: Tensor) -> Packed:
        """The convolution of the gradient: the weight turned round, or with stride 2 as it is."""
        if self.back is None:
            turned = weight.detach().float().transpose(0, 1)
            turned = (turned if layer.up else turned.flip(2, 3)).contiguous().to(self.dtype)
            rows, padding, stride = layer.band_back(4 if self.dtype == torch.float32 else 2), (0, 1), 1
            size = (1, layer.width_out, rows + 2, layer.size_in)
            if layer.up:
                padding, stride = (0, 0), 2
                size = (1, layer.width_out, 2 * rows + 1, 2 * layer.size_in + 1)
            self.back = Packed(turned, padding, size, stride)
        return self.back

    def for_sample(self, layer: Layer, styles: Tensor) -> list[Packed]:
        """The modulated and demodulated weight of one sample, styles [in]."""
        demodulation = (styles.square() @ self.power + EPSILON).rsqrt()
        factor = demodulation[:, None, None, None] * styles[None, :, None, None]
        return self.pack(layer, [part * factor for part in self.parts])


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


class Plan:
    """Everything that is prepared once for a state of the weights and a number format."""

    def __init__(self, network: StyleGAN2, dtype: torch.dtype, kernels: Any) -> None:
        self.dtype, self.kernels = dtype, kernels
        self.slices = {layer.name: layer.channels for layer in network.style_layers}
        self.layers: list[Layer] = []
        for block in network.blocks():
            prefix = f"b{block.resolution}."
            for name in ("conv0", "conv1"):
                if hasattr(block, name):
                    self.layers.append(_layer(prefix + name, getattr(block, name)))
        self.prepared = {layer.name: Prepared(layer, layer.module.weight, dtype) for layer in self.layers}
        self.pivots: WeakKeyDictionary[Pivot, dict[str, Prepared]] = WeakKeyDictionary()
        self.lock = threading.Lock()

    def weights(self, pivot: Pivot | None) -> dict[str, Prepared]:
        """By layer name; those of the last pivots are kept."""
        if pivot is None or not pivot.factors:
            return self.prepared
        with self.lock:
            known = self.pivots.get(pivot)
        if known is None:
            known = dict(self.prepared)
            for layer in self.layers:
                if layer.name in pivot.factors:
                    weight = pivot.weight(layer.name, layer.module.weight)
                    known[layer.name] = Prepared(layer, weight, self.dtype)
            with self.lock:
                while len(self.pivots) >= PIVOTS_KEPT:
                    self.pivots.popitem()
                self.pivots[pivot] = known
        return known


def _layer(name: str, module: StyledConvolution) -> Layer:
    layer = Layer(name, module, module.resolution // module.up)
    if module.noisy:
        layer.strength = float(module.noise_strength)
    if layer.up:
        taps = separable(module.resample_filter)
        layer.taps = [2 * value for value in taps.flip(0).tolist()]  # type: ignore[union-attr]
        _, layer.before, _ = blur_padding(len(layer.taps), 3, 2)
    return layer


def separable(fir: Tensor) -> Tensor | None:
    """The factor of a filter that is an outer product with itself, else None."""
    if fir.ndim == 1:
        return fir.double()
    rows = fir.double().sum(1)
    total = rows.sum()
    if total <= 0:
        return None
    taps = rows / total.sqrt()
    return taps if torch.allclose(torch.outer(taps, taps), fir.double(), rtol=1e-5, atol=1e-7) else None


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
        start = const[None].expand(self.count, -1, -1, -1)
        if not first.scales_weights:
            start = start * self.styles[first.name][:, :, None, None]
        x[:, :, 1:-1].copy_(start)

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
        scale = next_styles = None
        if not layer.scales_weights:
            scale = (styles.square() @ prepared.power + EPSILON).rsqrt()
        if following is not None and not following.scales_weights:
            next_styles = self.styles[following.name]
        out = keep = None
        if self.traced:
            keep = self.space.rows(layer.name, count, layer.width_out, size, size, self.plan.dtype)
        if self.traced and next_styles is None:
            out = keep  # what is kept is what the next layer reads
        elif following is not None:
            out = self.space.rows(piece, count, layer.width_out, size, size, self.plan.dtype)
        rgb, weight = self._colours(layer)
        noise, kept = self._noise(layer, maps), None if out is keep else keep
        ending = Ending(self.arguments(layer), out, kept, rgb, noise, weight, scale, next_styles)
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
        return (rgb + self.torgb(layer).bias.detach()[:, None, None]).abs() >= clamp  # type: ignore[union-attr, operator]

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
        noise = maps.map(layer.name, module.noise_const, module.resolution) if module.noisy else None
        if noise is None:
            return None
        return noise.detach().float().reshape(-1, module.resolution, module.resolution).contiguous()

    def _colours(self, layer: Layer) -> tuple[Tensor | None, Tensor | None]:
        """Memory for the colours that leave this layer, and the weight that makes them."""
        name = layer.name.removesuffix("conv1") + "torgb"
        if name not in self.styles or not layer.name.endswith("conv1"):
            return None, None
        weight = (self.styles[name] * self.torgb(layer).scale)[:, None] * self.kernel(layer)  # [n colours in]
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
        bias = module.bias.detach()  # type: ignore[union-attr]
        if image is None:
            colours = rgb + bias[:, None, None]
            return colours if clamp is None else colours.clamp(-clamp, clamp)  # type: ignore[operator]
        fir = self.block(layer).resample_filter
        taps = fir.shape[-1]
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
        if band < rows or layer.scales_weights:
            for sample in range(self.count):
                for row in range(0, rows, band):
                    yield sample, sample + 1, row, min(row + band, rows)
            return
        each = rows * layer.size_in * layer.width_out * element * (4 if layer.up else 1)
        pieces = -(-self.count * each // BAND_BYTES)
        some = -(-self.count // pieces)
        some += some % 2 if some > 1 else 0  # two threads then share a piece evenly
        for sample in range(0, self.count, some):
            yield sample, min(sample + some, self.count), 0, rows

    def _flat(self, layer: Layer, prepared: Prepared, x: Tensor, ending: Ending) -> None:
        packed = prepared.packed
        for s0, s1, r0, r1 in self._units(layer):
            if layer.scales_weights and r0 == 0:
                packed = prepared.for_sample(layer, self.styles[layer.name][s0])
            y = packed[0](x[s0:s1, :, r0 : r1 + 2])  # type: ignore[index]
            self.plan.kernels.band_tail(y, **ending.cut(s0, s1, r0, r1))

    def _up(self, layer: Layer, prepared: Prepared, x: Tensor, ending: Ending) -> None:
        packed, done = prepared.packed, 0
        previous: list[Any] = []
        side = layer.size_in
        lag = len(layer.taps) - 1 - layer.before
        for s0, s1, r0, r1 in self._units(layer):
            if r0 == 0:
                previous, done = [], 0
                if layer.scales_weights:
                    packed = prepared.for_sample(layer, self.styles[layer.name][s0])
            odd = (r0 + 1, r1 + 1) if s1 - s0 == 1 else (0, side + 2)
            rows = ((r0, r1 + 1), (r0, r1 + 1), odd, odd)
            phases = [part(x[s0:s1, :, a:b]) for part, (a, b) in zip(packed, rows, strict=True)]  # type: ignore[arg-type]
            end = 2 * side if r1 == side + 1 else min(2 * side, 2 * r1 - lag)
            if end > done:
                where = (r0, odd[0] - 1, side, done, end - done, layer.taps, layer.before)
                self.plan.kernels.band_phases(phases, previous, *where, **ending.cut(s0, s1, done, end))
                previous, done = phases, end
            else:  # a band too thin for one output row: keep its rows
                previous = phases


_plans: WeakKeyDictionary[nn.Module, dict[torch.dtype, tuple[tuple, Plan | None]]] = WeakKeyDictionary()
_spaces: WeakKeyDictionary[nn.Module, Workspaces] = WeakKeyDictionary()
_lock = threading.Lock()


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


@contextmanager
def undisturbed() -> Iterator[None]:
    """No autograd and no autocast, whatever the caller has switched on."""
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        yield


def workspaces(network: nn.Module) -> Workspaces:
    """The memory that this network's syntheses share."""
    with _lock:
        return _spaces.setdefault(network, Workspaces())


def plan_for(network: StyleGAN2, styles: Tensor, dtype: torch.dtype | None) -> Plan | None:
    """The plan for such styles; None where the network, the place or the number format is not for it."""
    number = {None: torch.float32, torch.float32: torch.float32, torch.bfloat16: torch.bfloat16}.get(dtype)
    if (
        number is None
        or styles.device.type != "cpu"
        or type(styles) is not Tensor
        or torch.compiler.is_compiling()
        or hooked(network.synthesis)
    ):
        return None
    kernels = native.kernels_for(styles, "synthesis")
    if kernels is None or not hasattr(kernels, "band_phases"):
        return None
    with undisturbed():
        return _plan(network, number, kernels)


def state_of(network: StyleGAN2) -> tuple[tuple[int, int], ...]:
    """Changes whenever a weight does."""
    return tuple((value.data_ptr(), _version(value)) for value in network.synthesis.parameters())


def _plan(network: StyleGAN2, dtype: torch.dtype, kernels: Any) -> Plan | None:
    """The plan for the weights as they are now; None if the fast path does not know such layers."""
    state = state_of(network)
    with _lock:
        plans = _plans.setdefault(network, {})
        known = plans.get(dtype)
    if known is not None and known[0] == state:
        return known[1]
    plan = Plan(network, dtype, kernels) if applies(network) else None
    with _lock:
        plans[dtype] = (state, plan)
    return plan


def _version(value: Tensor) -> int:
    return 0 if value.is_inference() else value._version


def applies(network: StyleGAN2) -> bool:
    """Whether this network's layers are of the kind that the fast path knows."""
    if network.architecture == "resnet" or not packing_works():
        return False
    if any(value.dtype != torch.float32 for value in network.synthesis.parameters()):
        return False
    for block in network.blocks():
        conv = block.conv1
        if conv.activation not in SLOPES or conv.weight.shape[-1] != 3:
            return False
        taps = separable(block.resample_filter)
        if taps is None or not 2 <= len(taps) <= 8 or blur_padding(len(taps), 3, 2)[0] != 0:
            return False
        if hasattr(block, "torgb") and len(block.torgb.weight) > 4:
            return False
    return True


def gradients_asked(network: nn.Module, styles: Tensor, noise: Noise, pivot: Pivot | None) -> bool:
    """Whether autograd has anything to record."""
    if not torch.is_grad_enabled():
        return False
    given = [styles, *noise.maps.values()]
    if pivot is not None:
        given += [*pivot.noise.values(), *(factor for pair in pivot.factors.values() for factor in pair)]
    return any(value.requires_grad for value in given) or any(p.requires_grad for p in network.parameters())


def hooked(network: nn.Module) -> bool:
    """Whether somebody listens to inner modules, which the fast path does not call."""
    return any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
