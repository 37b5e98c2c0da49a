"""A buffer of earlier fakes, so that a discriminator does not forget them (Shrivastava et al. 2017; CycleGAN)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.core.shapes import Images


class ImagePool(nn.Module):
    """Keeps up to `capacity` fakes; has buffers alone, so that a checkpoint holds it like any network."""

    kept: Tensor
    count: Tensor

    def __init__(self, size: int, capacity: int = 50) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(capacity, 3, size, size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, fakes: Images, chances: Tensor) -> Images:
        """Each fake as it is (and kept while there is room); later, half of the time, an older one in exchange.

        `chances` is U(0, 1) of shape [n 2]: whether to exchange, and which place.
        """
        answer = fakes.detach().clone()
        capacity = len(self.kept)
        for row, (exchange, place) in enumerate(chances.tolist()):
            if int(self.count) < capacity:
                self.kept[int(self.count)] = answer[row]
                self.count += 1
            elif exchange > 0.5:
                index = min(int(place * capacity), capacity - 1)
                older = self.kept[index].clone()
                self.kept[index] = answer[row]
                answer[row] = older
        return answer
