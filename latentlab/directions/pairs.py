"""A direction from pictures: pairs before and after a change, or two groups of photos somebody collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart, SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.core.pairs import LatentPairs
from latentlab.core.ranges import Share
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source


@dataclass(frozen=True)
class Pairs(Discoverer):
    """The mean change between inverted pairs, or the shrunk discriminant between two groups."""

    needs: ClassVar[Literal["bank", "pairs", "nothing"]] = "pairs"

    name: str = "change"
    """What to call the direction."""
    paired: bool = True
    """Whether picture i before and picture i after show the same face."""
    space: str = "w"
    """`w` (one vector for all layers) or `w+` (one for each)."""
    shrinkage: Share = 0.5
    """Without pairs: how far the pooled covariance is drawn towards a multiple of the identity, 0..1."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        before, after = self._values(generator, source)
        vector = (after - before).mean(0) if self.paired else self._discriminant(before, after)
        space = Space.parse(self.space)
        vector = vector.mean(0) if space is Space.W else vector
        story = {"attribute": self.name, "n_before": len(before), "n_after": len(after)}
        return [
            Direction(self.name, space, vector.float().cpu(), unit="mean change of the pairs", model=generator.hash,
                      found_by=repr(self), story=story)
        ]  # fmt: skip

    def _values(self, generator: Generator, source: Source) -> tuple[Tensor, Tensor]:
        if not isinstance(source, LatentPairs):
            raise MissingPart("this method learns from pictures before and after; give `before` and `after`")
        if Space.parse(self.space) not in (Space.W, Space.W_PLUS):
            raise BadInput(f"pairs are compared in w or w+, not in {self.space}")
        for latent in (source.before, source.after):
            if latent.space is not Space.W_PLUS:
                raise SpaceMismatch(
                    f"pairs are compared in W+, a latent lives in {latent.space.name}; lift it first"
                )
            generator.check(latent)
        before, after = source.before.values.double(), source.after.values.double()
        if self.paired and len(before) != len(after):
            raise BadInput(
                f"there are {len(before)} pictures before and {len(after)} after; pairs need as many, "
                "two groups need `paired=False`"
            )
        if min(len(before), len(after)) < 1 or (not self.paired and len(before) + len(after) < 4):
            raise BadInput(
                f"{len(before)} and {len(after)} pictures are too few for two groups; at least 2 each"
            )
        return before, after

    def _discriminant(self, before: Tensor, after: Tensor) -> Tensor:
        """Fisher's discriminant with a shrunk covariance (Ledoit and Wolf's target), as long as the mean change."""
        change = after.mean(0) - before.mean(0)  # [layers width]
        rows = []
        for layer in range(change.shape[0]):
            inner = torch.cat(
                [before[:, layer] - before[:, layer].mean(0), after[:, layer] - after[:, layer].mean(0)]
            )
            pooled = inner.T @ inner / max(len(inner) - 2, 1)
            target = pooled.diagonal().mean().clamp_min(1e-9) * torch.eye(len(pooled), dtype=pooled.dtype)
            pooled = (1 - self.shrinkage) * pooled + self.shrinkage * target
            row = torch.linalg.solve(pooled, change[layer])
            rows.append(row * (change[layer] @ row) / (row @ row).clamp_min(1e-12))
        return torch.stack(rows)
