"""SeFa: eigenvectors of AᵀA, where A stacks the affine maps of the chosen layers (Shen and Zhou, CVPR 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Space, layer_range
from latentlab.core.ranges import LayerRange, Width
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source


@dataclass(frozen=True)
class SeFa(Discoverer):
    """Closed form: reads the weights alone, needs no samples."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "nothing"

    components: Width = 10
    """How many directions, by falling eigenvalue."""
    layers: LayerRange | None = None
    """First and last w layer, both included; None is all. For 1024²: 0 1 pose, 2 5 shape, 6 13 colour."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        first, last = layer_range(self.layers, generator.layers)
        if not 1 <= self.components <= generator.w_width:
            raise BadInput(
                f"{self.components} components cannot be had from {generator.w_width} dimensions of w"
            )
        chosen = [
            number
            for number, layer in enumerate(generator.style_layers)
            if first <= layer.w_index <= last and layer.kind != "rgb"
        ]
        stacked = torch.cat(
            [generator.style_weight(number).detach().double().cpu() for number in chosen]
        )  # [channels width]
        rows = stacked / stacked.norm(dim=1, keepdim=True).clamp_min(1e-12)
        values, vectors = torch.linalg.eigh(rows.T @ rows)
        order = values.argsort(descending=True)[: self.components]
        return [
            Direction(
                f"sefa{place:02d}", Space.W, vectors[:, index].float(), unit="unit length", layers=self.layers,
                model=generator.hash, found_by=repr(self), story={"eigenvalue": float(values[index])},
            )
            for place, index in enumerate(order.tolist())
        ]  # fmt: skip
