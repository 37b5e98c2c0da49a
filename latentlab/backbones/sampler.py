"""The sampler of a training: from random draws to images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cuda_ops import filter2d
from latentlab.core.generator import Generator
from latentlab.core.noise import NO_NOISE, Noise, NoiseMode
from latentlab.core.shapes import Images, WPlus
from latentlab.networks.sizes import shape_at
from latentlab.training.draws import Draws
from latentlab.training.phase import Moment


@dataclass(frozen=True)
class Sampler:
    """Draws latents with style mixing, and renders them with fresh noise."""

    mixing: float = 0.9
    noise_from: int = 0

    def latents(self, generator: Generator, draws: Draws, labels: Tensor | None = None) -> WPlus:
        """[n layers width]; some samples change to a second w at a random layer."""
        z = draws.normal(2, generator.z_width)
        if not self.mixing:
            return generator.map(z[:, 0], labels)[:, None].repeat(1, generator.layers, 1)
        both = None if labels is None else labels.repeat(2, 1)
        first, second = generator.map(z.transpose(0, 1).reshape(-1, generator.z_width), both).chunk(2)
        chance = draws.uniform(2)
        cut = 1 + (chance[:, 0] * (generator.layers - 1)).floor()
        cut = torch.where(chance[:, 1] < self.mixing, cut, generator.layers)
        above = torch.arange(generator.layers, device=cut.device) >= cut[:, None]  # [n layers]
        return torch.where(above[..., None], second[:, None], first[:, None])

    def images(self, generator: Any, w_plus: WPlus, moment: Moment, draws: Draws | None = None) -> Images:
        """Images of these latents; each sample has noise of its own, or none yet."""
        noise = NO_NOISE if moment.images < self.noise_from else self.noise(generator, draws or moment.draws)
        return generator(generator.styles(w_plus), noise).float()

    def noise(self, generator: Generator, draws: Draws) -> Noise:
        """Fresh maps for every layer, drawn as one row of numbers for each sample."""
        shapes = {
            layer.name: shape_at(layer.resolution, generator.constant)
            for layer in generator.style_layers
            if layer.kind == "conv"
        }
        counts = [height * width for height, width in shapes.values()]
        parts = draws.large_normal(sum(counts)).split(counts, dim=1)
        maps = {
            name: part.reshape(-1, 1, *shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
        }
        return Noise(NoiseMode.CONST, maps=maps)

    @staticmethod
    def blur(images: Images, sigma: float) -> Images:
        """Gaussian blur; nothing below a quarter of a pixel."""
        reach = int(sigma * 3)
        if reach < 1:
            return images
        places = torch.arange(-reach, reach + 1, device=images.device)
        taps = torch.exp2(-(places / sigma).square())
        return filter2d(images, taps / taps.sum())
