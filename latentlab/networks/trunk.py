"""The IR-SE trunk: an improved residual network with squeeze-and-excitation (Deng et al. 2019; Hu et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.errors import BadWeights

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3), 152: (3, 8, 36, 3)}
"""Residual units of the four stages; published encoders have depth 50, 100 or 152."""


class SqueezeExcite(nn.Module):
    """Each channel scaled by a gate that sees all channels' means."""

    def __init__(self, width: int, reduction: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(width, max(1, width // reduction), 1, bias=False)
        self.fc2 = nn.Conv2d(max(1, width // reduction), width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class ResidualUnit(nn.Module):
    """Norm, convolution, PReLU, strided convolution, norm, gate; plus a shortcut."""

    def __init__(self, before: int, after: int, stride: int, gated: bool) -> None:
        super().__init__()
        self.stride = stride
        layers: list[nn.Module] = [
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, 1, 1, bias=False),
            nn.PReLU(after),
            nn.Conv2d(after, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.res_layer = nn.Sequential(*layers, *([SqueezeExcite(after)] if gated else []))
        self.shortcut_layer: nn.Sequential | None = None
        if before != after:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = (
            x[:, :, :: self.stride, :: self.stride] if self.shortcut_layer is None else self.shortcut_layer(x)
        )
        return self.res_layer(x) + shortcut


class Trunk(nn.Module):
    """Images → the feature maps after chosen units; the names are those of the published face recognisers."""

    def __init__(
        self, depth: int = 50, se: bool = True, input_channels: int = 3, base_width: int = 64
    ) -> None:
        super().__init__()
        if depth not in DEPTHS:
            raise BadWeights(f"no IR trunk has depth {depth} (known: {', '.join(map(str, DEPTHS))})")
        self.widths = (base_width, base_width, 2 * base_width, 4 * base_width, 8 * base_width)
        self.input_layer = nn.Sequential(
            nn.Conv2d(input_channels, self.widths[0], 3, 1, 1, bias=False),
            nn.BatchNorm2d(self.widths[0]),
            nn.PReLU(self.widths[0]),
        )
        units = []
        self.ends: list[int] = []
        for stage, count in enumerate(DEPTHS[depth]):
            for index in range(count):
                before = self.widths[stage] if index == 0 else self.widths[stage + 1]
                units.append(ResidualUnit(before, self.widths[stage + 1], 2 if index == 0 else 1, se))
            self.ends.append(len(units) - 1)
        self.body = nn.Sequential(*units)

    def walk(self, x: Tensor, wanted: Iterable[int]) -> list[Tensor]:
        """What leaves the units with these numbers."""
        numbers = set(wanted)
        x = self.input_layer(x)
        found = []
        for number, unit in enumerate(self.body):
            x = unit(x)
            if number in numbers:
                found.append(x)
        return found

    def start(self, source: torch.Generator) -> None:
        """Fresh weights: He for convolutions, last norm of each unit small, so that the trunk begins near identity."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan) ** 0.5, generator=source)
            elif isinstance(module, nn.PReLU):
                module.weight.fill_(0.25)
        for unit in self.body:
            unit.res_layer[4].weight.fill_(0.5)  # type: ignore[index, union-attr]
