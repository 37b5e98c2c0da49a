"""ArcFace (Deng et al. 2019): faces to unit vectors whose dot product says how alike two people are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from latentlab.core.shapes import Images
from latentlab.networks.trunk import Trunk


@dataclass(frozen=True)
class ArcFaceArguments:
    """How the network is made."""

    depth: int = 50
    se: bool = True
    """Squeeze-and-excitation in the trunk."""
    input_channels: int = 3
    input_size: int = 112
    base_width: int = 64


class ArcFace(Trunk):
    """Tight faces [n 3 112 112] in [-1, 1] → unit vectors [n 512]."""

    kind = "arcface"
    Arguments: ClassVar = ArcFaceArguments

    def __init__(self, arguments: ArcFaceArguments) -> None:
        super().__init__(arguments.depth, arguments.se, arguments.input_channels, arguments.base_width)
        self.input_size = arguments.input_size
        cells = (self.input_size // 16) ** 2
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(self.widths[-1]),
            nn.Dropout(),
            nn.Flatten(),
            nn.Linear(self.widths[-1] * cells, 512),
            nn.BatchNorm1d(512),
        )

    def start(self, source: torch.Generator) -> None:
        super().start(source)
        linear = self.output_layer[3]
        linear.weight.normal_(0, linear.in_features**-0.5, generator=source)  # type: ignore[arg-type, operator]
        linear.bias.zero_()  # type: ignore[operator]

    def forward(self, images: Images) -> Tensor:
        (features,) = self.walk(images, self.ends[-1:])
        return F.normalize(self.output_layer(features))
