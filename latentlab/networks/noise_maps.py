"""The noise of one synthesis, layer by layer: stored, drawn, given, or none."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.noise import Noise, NoiseMode
from latentlab.core.pivot import Pivot


class NoiseMaps:
    """Hands each layer its map; with a seed, sample i draws from a generator of its own, seeded `seed + i`."""

    def __init__(self, noise: Noise, pivot: Pivot | None, count: int) -> None:
        self.noise, self.count = noise, count
        self.stored = {} if pivot is None else pivot.noise
        self.sources: list[torch.Generator] = []
        if noise.mode is NoiseMode.RANDOM and noise.seed is not None:
            self.sources = [torch.Generator().manual_seed(noise.seed + i) for i in range(count)]

    def map(self, layer: str, constant: Tensor) -> Tensor | None:
        """[h w] or [n 1 h w], of the size of the stored one, before the layer's strength; None for no noise."""
        if self.noise.mode is NoiseMode.NONE:
            return None
        drawn = self._draw(constant) if self.noise.mode is NoiseMode.RANDOM else None
        if layer in self.noise.maps:
            return self._fitting(layer, self.noise.maps[layer], constant).to(constant.device)
        if drawn is not None:
            return drawn
        if layer in self.stored:
            return self._fitting(layer, self.stored[layer], constant).to(constant.device)
        return constant

    def _draw(self, like: Tensor) -> Tensor:
        if not self.sources:
            return torch.randn(self.count, 1, *like.shape, device=like.device, dtype=torch.float32)
        draws = [torch.randn(1, *like.shape, generator=source) for source in self.sources]
        return torch.stack(draws).to(like.device)

    def _fitting(self, layer: str, value: Tensor, like: Tensor) -> Tensor:
        height, width = like.shape
        if tuple(value.shape) not in {(height, width), (self.count, 1, height, width), (1, 1, height, width)}:
            raise BadInput(
                f"the noise map of layer '{layer}' has the shape {list(value.shape)}; the layer takes "
                f"[{height}, {width}] or [{self.count}, 1, {height}, {width}]"
            )
        return value
