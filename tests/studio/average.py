"""An encoder that needs no training."""

from __future__ import annotations

import torch


class Average(torch.nn.Module):
    """To whom all faces are the same."""

    input_size, input_channels = 32, 3

    def __init__(self, w: torch.Tensor) -> None:
        super().__init__()
        self.w = w

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return self.w.expand(len(faces), -1)
