"""Equalised learning rate layers (Karras et al. 2018): weights stay N(0, 1), the He scale acts at run time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cuda_ops import bias_act, setup_filter
from cuda_ops.activations import ACTIVATIONS
from latentlab.core.errors import BadInput
from latentlab.networks.convolution import convolve

EPSILON = 1e-8


def wide(x: Tensor) -> Tensor:
    """Half precision as float32, anything else as it is."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def normalise(x: Tensor) -> Tensor:
    """Each row divided by its root mean square (pixel norm)."""
    return x * (x.square().mean(1, keepdim=True) + EPSILON).rsqrt()


def activation_gain(name: str) -> float:
    """The gain that keeps the variance after an activation."""
    if name not in ACTIVATIONS:
        raise BadInput(f"no activation is called '{name}' (known: {', '.join(sorted(ACTIVATIONS))})")
    return ACTIVATIONS[name].gain


class FullyConnected(nn.Module):
    """act(x · Wᵀ · gain + b · lr) with W drawn from N(0, 1/lr²)."""

    def __init__(
        self,
        before: int,
        after: int,
        bias: bool = True,
        activation: str = "linear",
        lr_multiplier: float = 1.0,
        bias_start: float = 0.0,
        gain: float | None = None,
        weight_gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.activation, self.lr_multiplier, self.bias_start = activation, lr_multiplier, bias_start
        self.gain = activation_gain(activation) if gain is None else gain
        self.weight = nn.Parameter(torch.empty(after, before))
        self.bias = nn.Parameter(torch.empty(after)) if bias else None
        self.scale = weight_gain * lr_multiplier / math.sqrt(before)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(0, 1 / self.lr_multiplier, generator=source)
        if self.bias is not None:
            self.bias.fill_(self.bias_start)

    def acting_weight(self) -> Tensor:
        """The matrix as it multiplies x: [after before]."""
        return self.weight * self.scale

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias.to(x.dtype) * self.lr_multiplier
        if self.activation == "linear" and bias is not None:
            return torch.addmm(bias[None], x, self.acting_weight().to(x.dtype).t())
        y = x @ self.acting_weight().to(x.dtype).t()
        return bias_act(y, bias, act=self.activation, gain=self.gain)


@dataclass(frozen=True)
class Resampling:
    """How many times as large a picture becomes, or how many times as small, and the FIR filter on the way."""

    up: int = 1
    down: int = 1
    taps: list[float] | None = None


class Convolution(nn.Module):
    """Convolution with bias and activation, resampled through a FIR filter (discriminators, and the skips of residual nets)."""

    resample_filter: Tensor | None

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        bias: bool = True,
        activation: str = "linear",
        clamp: float | None = None,
        resampling: Resampling = Resampling(),
    ) -> None:
        super().__init__()
        self.activation, self.clamp = activation, clamp
        self.up, self.down = resampling.up, resampling.down
        self.scale = 1 / math.sqrt(before * kernel**2)
        self.gain = activation_gain(activation)
        self.weight = nn.Parameter(torch.empty(after, before, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(after)) if bias else None
        fir = setup_filter(resampling.taps) if self.up > 1 or self.down > 1 else None
        self.register_buffer("resample_filter", fir, persistent=False)

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)
        if self.bias is not None:
            self.bias.zero_()

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = (self.weight * self.scale).to(x.dtype)
        y = convolve(x, weight, self.resample_filter, self.up, self.down)
        clamp = None if self.clamp is None else self.clamp * gain
        return bias_act(y, self.bias, act=self.activation, gain=self.gain * gain, clamp=clamp)


def start(network: nn.Module, seed: int) -> None:
    """Draw every fresh value of a network from one seed: each module's `start`, then each one's `settle`."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if hasattr(module, "start"):
                module.start(source)  # type: ignore[operator]
        for module in network.modules():
            if hasattr(module, "settle"):
                module.settle()  # type: ignore[operator]
