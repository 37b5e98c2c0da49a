"""VGG-19 up to relu4_1 (Simonyan and Zisserman 2015), the features of perceptual losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.core.shapes import Images

PLAN = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512)
"""Widths of the convolutions; 0 halves the size."""


class VGG(nn.Module):
    """Images [n 3 h w] in [-1, 1] → relu4_1 [n 512 h/8 w/8]; the names of the weights are torchvision's."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        before = 3
        parts: list[nn.Module] = []
        for after in PLAN:
            if after == 0:
                parts.append(nn.MaxPool2d(2, 2))
                continue
            parts += [nn.Conv2d(before, after, 3, 1, 1), nn.ReLU()]
            before = after
        self.features = nn.Sequential(*parts)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    def forward(self, images: Images) -> Tensor:
        return self.features(((images + 1) / 2 - self.mean) / self.spread)
