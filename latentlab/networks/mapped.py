"""What every StyleGAN shares: a mapping network, and a map from its w to the styles of each layer."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from latentlab.core.generator import Generator, StyleLayer
from latentlab.core.shapes import Conditions, Styles, W, WPlus, Z
from latentlab.networks.layers import FullyConnected
from latentlab.networks.mapping import Mapping as MappingNetwork


class MappedGenerator(Generator):
    """A generator whose styles are affine in w, layer by layer."""

    mapping: MappingNetwork

    @abstractmethod
    def affine(self, layer: StyleLayer) -> FullyConnected:
        """The map from w to the styles of a layer."""

    @property
    def w_average(self) -> Tensor:
        return self.mapping.w_avg

    def map(self, z: Z, condition: Conditions | None = None) -> W:
        return self.mapping(z, self.standing_labels(len(z)) if condition is None else condition)

    def styles(self, w_plus: WPlus) -> Styles:
        return torch.cat([self.affine(layer)(w_plus[:, layer.w_index]) for layer in self.style_layers], dim=1)

    def style_weight(self, layer: int) -> Tensor:
        return self.affine(self.style_layers[layer]).acting_weight()
