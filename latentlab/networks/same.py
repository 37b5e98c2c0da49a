"""Strided convolutions padded as TensorFlow's SAME does: for an odd kernel, the extra row and column come last."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class SameConvolution(nn.Conv2d):
    """[n before h w] → [n after h/stride w/stride] for sides that the stride divides."""

    def __init__(self, before: int, after: int, kernel: int = 5, stride: int = 2) -> None:
        super().__init__(before, after, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        total = self.kernel_size[0] - self.stride[0]
        first = total // 2
        return super().forward(F.pad(x, (first, total - first) * 2))


class SameTransposed(nn.ConvTranspose2d):
    """Its transpose: [n before h w] → [n after h·stride w·stride]."""

    def __init__(self, before: int, after: int, kernel: int = 5, stride: int = 2) -> None:
        super().__init__(before, after, kernel, stride)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        first = (self.kernel_size[0] - self.stride[0]) // 2
        height, width = (side * self.stride[0] for side in x.shape[-2:])
        return super().forward(x)[..., first : first + height, first : first + width]
