"""What the fast paths of StyleGAN2's synthesis prepare once for a state of the weights and a number format."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from cuda_ops.activations import ACTIVATIONS
from latentlab.core.pivot import Pivot
from latentlab.networks.convolution import blur_padding
from latentlab.networks.packed import PHASE_PADDING, PHASE_ROWS, Packed, phases_of

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
        self.dtype = dtype
        self.back: Packed | None = None
        self.packed = self._pack(layer, phases_of(weight) if layer.up else [weight.contiguous()])

    def _pack(self, layer: Layer, parts: list[Tensor]) -> list[Packed]:
        """oneDNN's layout of the convolutions of the layer, for the very rows that they are given.

        For other sizes it may choose another layout, and then turns the weights round at every call, at the cost of many
        convolutions.
        """
        paddings, more = (PHASE_PADDING, PHASE_ROWS) if layer.up else (((0, 1),), (2,))
        rows = layer.band(4 if self.dtype == torch.float32 else 2)
        return [
            Packed(part.to(self.dtype), padding, (1, layer.width_in, rows + beyond, layer.size_in))
            for part, padding, beyond in zip(parts, paddings, more, strict=True)
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
        taps = separable(module.resample_filter)  # type: ignore[arg-type]
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
