"""The discriminator of an encoder's codes, and the codes it goes on being shown (Tov et al. 2021, e4e)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.networks.layers import FullyConnected


class LatentDiscriminator(nn.Module):
    """Tells encoded w from mapped ones: four dense layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([FullyConnected(width, width, activation="lrelu") for _ in range(3)])
        self.verdict = FullyConnected(width, 1)
        for layer in [*self.layers, self.verdict]:
            nn.init.normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, w: Tensor) -> Tensor:
        for layer in self.layers:
            w = layer(w)
        return self.verdict(w)[:, 0]


class Pool(nn.Module):
    """Codes of earlier steps, so that the discriminator does not forget them (Shrivastava et al. 2017)."""

    codes: Tensor
    filled: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(size, width))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, codes: Tensor, chance: Tensor) -> Tensor:
        """Each code is kept and handed on, or an older one is handed on in its place: [n width]."""
        out = codes.clone()
        for row, (code, draw) in enumerate(zip(codes, chance.tolist(), strict=True)):
            count = int(self.filled)
            if count < len(self.codes):
                self.codes[count] = code
                self.filled += 1
            elif draw < 0.5:
                place = int(draw * 2 * len(self.codes))
                out[row] = self.codes[place]
                self.codes[place] = code
        return out
