"""The mapping network: from the prior Z, and a class label if there is one, to W (Karras et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Conditions, W, Z
from latentlab.networks.layers import FullyConnected, normalise


class LabelMatrix(nn.Module):
    """StyleGAN1's label embedding: label · matrix, no scale, no bias."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, width))

    def start(self, source: torch.Generator) -> None:
        self.weight.normal_(generator=source)

    def forward(self, condition: Tensor) -> Tensor:
        return condition @ self.weight


class Mapping(nn.Module):
    """z, label → w. `joined` embeds the label StyleGAN1's way: concatenated before one common normalisation."""

    def __init__(
        self,
        z_width: int,
        condition_width: int,
        w_width: int,
        layers: int,
        hidden: int | None = None,
        embedding: int | None = None,
        activation: str = "lrelu",
        lr_multiplier: float = 0.01,
        gain: float | None = None,
        weight_gain: float = 1.0,
        joined: bool = False,
        average: bool = True,
    ) -> None:
        super().__init__()
        self.z_width, self.condition_width, self.joined = z_width, condition_width, joined
        self.embed: nn.Module | None = None
        embedded = 0
        if condition_width:
            embedded = z_width if joined else (embedding or w_width)
            self.embed = (
                LabelMatrix(condition_width, embedded)
                if joined
                else FullyConnected(condition_width, embedded)
            )
        widths = [z_width + embedded, *[hidden or w_width] * (layers - 1), w_width]
        self.depth = layers
        for index in range(layers):
            layer = FullyConnected(
                widths[index],
                widths[index + 1],
                activation=activation,
                lr_multiplier=lr_multiplier,
                gain=gain,
                weight_gain=weight_gain,
            )
            self.add_module(f"fc{index}", layer)
        if average:
            self.register_buffer("w_avg", torch.zeros(w_width))

    def forward(self, z: Z | None, condition: Conditions | None = None) -> W:
        if z is not None:
            z = z.to(self.fc0.weight.dtype if self.depth else torch.float32)
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

    def _checked(self, condition: Conditions | None, count: int | None) -> Conditions:
        if condition is None:
            raise BadInput(
                f"this network is conditional and no class was given; choose one of 0 to {self.condition_width - 1}"
            )
        if condition.ndim != 2 or condition.shape[1] != self.condition_width:
            raise BadInput(
                f"labels of this network have the shape [n {self.condition_width}], these have {list(condition.shape)}"
            )
        label = condition.to(self.embed.weight.dtype)  # type: ignore[union-attr]
        return label.expand(count, -1) if count is not None and len(label) == 1 else label

    @torch.no_grad()
    def update_average(self, w: W, beta: float = 0.998) -> None:
        """Move the centre of truncation towards the mean of a batch of w (training)."""
        self.w_avg.copy_(w.detach().float().mean(0).lerp(self.w_avg, beta))

    @torch.no_grad()
    def measure_average(self, count: int = 10_000, seed: int = 123) -> None:
        """Set the centre of truncation to the mean of `count` mapped samples (files that carry none)."""
        z = torch.randn(count, self.z_width, generator=torch.Generator().manual_seed(seed))
        condition = None
        if self.condition_width:
            condition = torch.eye(self.condition_width).repeat(count // self.condition_width + 1, 1)[:count]
        device = self.w_avg.device
        mapped = self(z.to(device), None if condition is None else condition.to(device))
        self.w_avg.copy_(mapped.mean(0))
