"""StyleSpace: the style channels that stand out in faces with an attribute (Wu et al., CVPR 2021)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Between, MoreThan, Width
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Source, Supervised, check_scores, check_size, need_bank
from latentlab.directions.steps import scale_to_step, step_of
from latentlab.scorers.bank import Bank

LOCAL_FACES = 8


@dataclass(frozen=True)
class StyleSpace(Supervised):
    """Rank channels of S by (mean of the exemplars − mean of the population) / spread of the population."""

    share: Annotated[float, MoreThan(0, 0.5)] = 0.02
    """Share of the highest scores that serve as exemplars."""
    channels: Width = 1
    """How many channels the direction moves; 1 is a single-channel edit."""
    rank: Annotated[int, Between(0, 100_000)] = 0
    """Start at this place of the ranking: 0 is the channel that stands out most."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        check_size(self.samples, generator.w_width)
        scores = bank.column(self.attribute, self.samples)
        check_scores(self.attribute, scores)
        standing, spread = self._standing(generator, bank, scores)
        chosen = self._chosen(generator, standing)

        values = torch.cat([styles[:, chosen] for styles in self._styles(generator, bank)])  # [n channels]
        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_of(unit, scores)
        moved = scale_to_step(standing[chosen] * spread[chosen], values, scores.double(), step)
        vector = torch.zeros(generator.style_width, dtype=torch.float64)
        vector[chosen] = moved
        story = {
            "attribute": self.attribute,
            "n": self.samples,
            "channels": [channel_name(generator, int(i)) for i in chosen],
            "standing": [float(standing[i]) for i in chosen],
            "concentration": concentration(generator, bank.block(0).w[:LOCAL_FACES], vector.float()),
        }
        return [
            Direction(self.name or self.attribute, Space.S, vector.float(), unit=unit, step=step, model=generator.hash,
                      found_by=repr(self), story=story)
        ]  # fmt: skip

    def _chosen(self, generator: Generator, standing: Tensor) -> Tensor:
        """The channels of the direction, from the ranking of all that feed a convolution."""
        allowed = torch.cat(
            [torch.full((layer.width,), layer.kind == "conv") for layer in generator.style_layers]
        )
        order = torch.where(allowed, standing.abs(), torch.tensor(-1.0, dtype=standing.dtype)).argsort(
            descending=True
        )
        if not 0 <= self.rank < self.rank + self.channels <= int(allowed.sum()):
            raise BadInput(
                f"channels {self.rank} to {self.rank + self.channels} are out of range; S has {int(allowed.sum())}"
            )
        return order[self.rank : self.rank + self.channels]

    @torch.no_grad()
    def _styles(self, generator: Generator, bank: Bank) -> Iterator[Tensor]:
        """S of the samples, block by block, double precision [n channels]."""
        for part in bank.blocks(self.samples):
            lifted = generator.lift(Latent(Space.W, part.w.to(generator.device)), Space.S)
            yield lifted.values.double().cpu()

    def _standing(self, generator: Generator, bank: Bank, scores: Tensor) -> tuple[Tensor, Tensor]:
        """How far each channel of the exemplars lies from the population, in standard deviations, and these."""
        count = max(int(self.share * len(scores)), 1)
        exemplar = torch.zeros(len(scores), dtype=torch.bool)
        exemplar[scores.argsort(descending=True, stable=True)[:count]] = True
        origin = first = second = best = torch.zeros(())
        place = 0
        for styles in self._styles(generator, bank):
            origin = origin if place else styles.mean(0)
            centred = styles - origin
            first, second = first + centred.sum(0), second + centred.square().sum(0)
            best = best + centred[exemplar[place : place + len(styles)]].sum(0)
            place += len(styles)
        mean = first / place
        spread = ((second / place - mean.square()).clamp_min(0) * place / (place - 1)).sqrt()
        return (best / count - mean) / spread.clamp_min(1e-9), spread


def channel_name(generator: Generator, channel: int) -> str:
    """`b32.conv1:17`: the layer and the channel within it."""
    layer = next(layer for layer in generator.style_layers if channel < layer.start + layer.width)
    return f"{layer.name}:{channel - layer.start}"


@torch.no_grad()
def concentration(generator: Generator, w: Tensor, vector: Tensor) -> float:
    """How local an edit is: share of the squared pixel change that the tenth of the pixels which change most holds."""
    styles = generator.lift(Latent(Space.W, w.to(generator.device)), Space.S).values
    change = (
        (generator(styles + vector.to(styles)) - generator(styles)).square().sum(1).flatten(1)
    )  # [n pixels]
    top = change.sort(1, descending=True).values[:, : max(change.shape[1] // 10, 1)]
    return float((top.sum(1) / change.sum(1).clamp_min(1e-12)).mean())
