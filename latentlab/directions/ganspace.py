"""GANSpace: principal components of sampled w (Härkönen et al., NeurIPS 2020), in one pass and bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.core.ranges import Between, Count, LayerRange, Seed, Width
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source


@dataclass(frozen=True)
class GanSpace(Discoverer):
    """Exact PCA from running first and second moments: the memory is width², whatever the number of samples."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "nothing"

    components: Width = 10
    """How many directions, by falling variance."""
    samples: Count = 1_000_000
    """How many w to draw."""
    batch: Annotated[int, Between(1, 1_000_000)] = 10_000
    """How many at once."""
    layers: LayerRange | None = None
    """First and last w layer an edit acts on; None is all."""
    seed: Seed = 0
    """Of the samples."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        if not 1 <= self.components <= generator.w_width:
            raise BadInput(
                f"{self.components} components cannot be had from {generator.w_width} dimensions of w"
            )
        if self.samples <= generator.w_width:
            raise BadInput(
                f"{self.samples} samples cannot fix {generator.w_width} dimensions; ask for more: `samples`"
            )
        _, covariance = self._moments(generator, watch)
        values, vectors = torch.linalg.eigh(covariance)
        order = values.argsort(descending=True)[: self.components]
        total = float(values.sum())
        return [
            self._direction(place, vectors[:, i], float(values[i].clamp_min(0)), total, generator)
            for place, i in enumerate(order.tolist())
        ]

    @torch.no_grad()
    def _moments(self, generator: Generator, watch: Watch) -> tuple[Tensor, Tensor]:
        """Mean [width] and covariance [width width] of w in double precision."""
        draw = torch.Generator().manual_seed(self.seed)
        origin = generator.w_average.reshape(-1, generator.w_width)[0].double().cpu()
        first = torch.zeros(generator.w_width, dtype=torch.float64)
        second = torch.zeros(generator.w_width, generator.w_width, dtype=torch.float64)
        for start in range(0, self.samples, self.batch):
            count = min(self.batch, self.samples - start)
            z = torch.randn(count, generator.z_width, generator=draw).to(generator.device)
            w = (
                generator.map(z).cpu().double() - origin
            )  # near zero mean, so that the difference of moments is exact
            first += w.sum(0)
            second.addmm_(w.T, w)
            watch((start + count) / self.samples, f"{start + count:,} samples")
        mean = first / self.samples
        return mean + origin, second / self.samples - torch.outer(mean, mean)

    def _direction(
        self, place: int, vector: Tensor, variance: float, total: float, generator: Generator
    ) -> Direction:
        largest = vector.abs().argmax()
        signed = vector * torch.sign(
            vector[largest]
        )  # PCA leaves the sign open: the largest entry is positive
        return Direction(
            f"ganspace{place:02d}", Space.W, (signed * variance**0.5).float(), unit="sd", layers=self.layers,
            model=generator.hash, found_by=repr(self), story={"share_of_variance": variance / total, "n": self.samples},
        )  # fmt: skip
