"""A small vision transformer on a convolutional stem (Dosovitskiy et al. 2021; Xiao et al. 2021 for the stem).

The picture becomes tokens, one for each cell of 2^h pixels, by strided convolutions; each block then lets every token look
at all others: x + A(LN(x)), x + M(LN(x)), with A = softmax(QKᵀ/√d) V in several heads (Vaswani et al. 2017), normalised
before each part (Xiong et al. 2020), and M two linear maps with GELU between.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD = 32
"""Channels of one head of attention, or a little more where they do not divide the width."""
FINAL = 16
"""Channels of each token that leave the trunk: where something is stays known."""


class Block(nn.Module):
    """Attention and a perceptron of four times the width, each added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(max(1, width // HEAD), 0, -1) if width % heads == 0)
        self.norm0, self.norm1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        parts = self.query_key_value(self.norm0(x)).view(n, tokens, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each [n heads tokens d]
        seen = F.scaled_dot_product_attention(query, key, value)
        x = x + self.out(seen.transpose(1, 2).reshape(n, tokens, width))
        return x + self.narrow(F.gelu(self.widen(self.norm1(x))))


class AttentionTrunk(nn.Module):
    """Images [n 3 size size] to [n 16 side side], side = size / 2^halvings: stem, places, `depth` blocks."""

    def __init__(self, width: int, size: int, halvings: int, depth: int) -> None:
        super().__init__()
        wide = width * 2 ** (halvings - 1)
        stem: list[nn.Module] = []
        for stage in range(halvings):
            after = width * 2**stage
            stem += [
                nn.Conv2d(after // 2 if stage else 3, after, 3, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        self.stem = nn.Sequential(*stem, nn.Conv2d(wide, wide, 1))
        self.side = -(-size // 2**halvings)
        self.places = nn.Parameter(0.02 * torch.randn(1, self.side**2, wide))
        self.blocks = nn.Sequential(*(Block(wide) for _ in range(depth)))
        self.norm, self.final = nn.LayerNorm(wide), nn.Linear(wide, FINAL)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images).flatten(2).transpose(1, 2)  # [n tokens wide]
        x = self.final(self.norm(self.blocks(x + self.places)))
        return x.transpose(1, 2).unflatten(2, (self.side, self.side))
