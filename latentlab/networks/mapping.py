"""The mapping network: from the prior Z, and a class label if there is one, to W (Karras et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Conditions, W, Z
from latentlab.networks.layers import FullyConnected, normalise

MOST_AT_ONCE = 1 << 26
"""Numbers of one layer while an average is measured."""


class LabelMatrix(nn.Module):
    """StyleGAN1's label embedding: label · matrix, no scale, no bias."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, width))

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)

    def forward(self, condition: Tensor) -> Tensor:
        return condition @ self.weight


@dataclass(frozen=True)
class MappingArguments:
    """How a mapping network is made."""

    z_width: int
    """0 maps the label alone."""
    condition_width: int
    w_width: int
    layers: int
    hidden: int | None = None
    """Width between the layers; None is that of w."""
    embedding: int | None = None
    """Width of the embedded label; None is that of w."""
    activation: str = "lrelu"
    lr_multiplier: float = 0.01
    gain: float | None = None
    weight_gain: float = 1.0
    joined: bool = False
    """Embed the label StyleGAN1's way: concatenated before one common normalisation."""
    average: bool = True
    """Keep the mean of w, the centre of truncation."""


class Mapping(nn.Module):
    """z, label → w."""

    w_avg: Tensor

    def __init__(self, arguments: MappingArguments) -> None:
        super().__init__()
        self.z_width, self.condition_width = arguments.z_width, arguments.condition_width
        self.joined, self.depth = arguments.joined, arguments.layers
        w_width = arguments.w_width
        self.embed: nn.Module | None = None
        embedded = 0
        if self.condition_width:
            embedded = self.z_width if self.joined else (arguments.embedding or w_width)
            embed = LabelMatrix if self.joined else FullyConnected
            self.embed = embed(self.condition_width, embedded)
        widths = [self.z_width + embedded, *[arguments.hidden or w_width] * (self.depth - 1), w_width]
        for index in range(self.depth):
            layer = FullyConnected(
                widths[index],
                widths[index + 1],
                activation=arguments.activation,
                lr_multiplier=arguments.lr_multiplier,
                gain=arguments.gain,
                weight_gain=arguments.weight_gain,
            )
            self.add_module(f"fc{index}", layer)
        if arguments.average:
            self.register_buffer("w_avg", torch.zeros(w_width))

    def forward(self, z: Z | None, condition: Conditions | None = None) -> W:
        if z is not None:
            z = z.to(self.fc0.weight.dtype if self.depth else torch.float32)  # type: ignore[arg-type, union-attr]
        parts = [] if z is None or not self.z_width else [z if self.joined else normalise(z)]
        if self.embed is not None:
            label = self.embed(self._checked(condition, len(z) if z is not None else None))
            parts.append(label if self.joined else normalise(label))
        x = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
        if self.joined:
            x = normalise(x)
        for index in range(self.depth):
            x = getattr(self, f"fc{index}")(x)
        return x

    def _checked(self, condition: Conditions | None, count: int | None) -> Tensor:
        if condition is None:
            raise BadInput(
                f"this network is conditional and no class was given; choose one of 0 to {self.condition_width - 1}"
            )
        if condition.ndim != 2 or condition.shape[1] != self.condition_width:
            raise BadInput(
                f"labels of this network have the shape [n {self.condition_width}], these have {list(condition.shape)}"
            )
        label = condition.to(self.embed.weight.dtype)  # type: ignore[arg-type, union-attr]
        return label.expand(count, -1) if count is not None and len(label) == 1 else label

    @torch.no_grad()
    def update_average(self, w: W, beta: float = 0.998) -> None:
        """Move the centre of truncation towards the mean of a batch of w (training)."""
        self.w_avg.copy_(w.detach().float().mean(0).lerp(self.w_avg, beta))

    @torch.no_grad()
    def measure_average(self, count: int = 10_000, seed: int = 123) -> None:
        """Set the centre of truncation to the mean of `count` mapped samples (files that carry none)."""
        z = torch.randn(count, self.z_width, generator=torch.Generator().manual_seed(seed))
        widest = max(self.condition_width, *(value.shape[0] for value in self.parameters()), 1)
        some = max(1, min(count, MOST_AT_ONCE // widest))
        device, total = self.w_avg.device, 0
        for rows in torch.arange(count).split(some):
            condition = None
            if self.condition_width:
                condition = one_hot(rows % self.condition_width, self.condition_width).float().to(device)
            total = total + self(z[rows].to(device), condition).sum(0)
        self.w_avg.copy_(total / count)  # type: ignore[arg-type]
