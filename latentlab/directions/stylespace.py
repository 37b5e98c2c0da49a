"""StyleSpace: the style channels that stand out in faces with an attribute (Wu et al., CVPR 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import Discoverer, Source, need_bank, supervised_samples
from latentlab.directions.steps import scale_to_step, step_of

LOCAL_FACES = 8


@dataclass(frozen=True)
class StyleSpace(Discoverer):
    """Rank channels of S by (mean of the exemplars − mean of the population) / spread of the population."""

    attribute: str = "smile"
    """What to learn; any name the scorers know."""
    samples: int = 20000
    """How many samples of the bank to read."""
    share: float = 0.02
    """Share of the highest scores that serve as exemplars."""
    channels: int = 1
    """How many channels the direction moves; 1 is a single-channel edit."""
    rank: int = 0
    """Start at this place of the ranking: 0 is the channel that stands out most."""
    name: str = ""
    """What to call the direction; the attribute's name if empty."""

    def discover(self, generator: Generator, source: Source = None, watch: Watch = silent) -> list[Direction]:
        bank = need_bank(source)
        found = supervised_samples(bank, (self.attribute,), self.samples, generator.w_width)
        scores = found.column(self.attribute)
        styles = self._styles(generator, found.w)
        standing = self._standing(styles, scores)
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
        chosen = order[self.rank : self.rank + self.channels]

        sparse = torch.zeros(generator.style_width, dtype=torch.float64)
        sparse[chosen] = standing[chosen] * styles.std(0).double()[chosen]
        unit = bank.key.units[bank.key.names.index(self.attribute)]
        step = step_of(unit, scores)
        vector = scale_to_step(sparse, styles.double(), scores.double(), step)
        story = {
            "attribute": self.attribute,
            "n": self.samples,
            "channels": [channel_name(generator, int(i)) for i in chosen],
            "standing": [float(standing[i]) for i in chosen],
            "concentration": concentration(generator, found.w[:LOCAL_FACES], vector.float()),
        }
        return [
            Direction(self.name or self.attribute, Space.S, vector.float(), unit=unit, step=step, model=generator.hash,
                      found_by=repr(self), story=story)
        ]  # fmt: skip

    @torch.no_grad()
    def _styles(self, generator: Generator, w: Tensor) -> Tensor:
        parts = [
            generator.lift(Latent(Space.W, part.to(generator.device)), Space.S).values.float().cpu()
            for part in w.split(500)
        ]
        return torch.cat(parts)

    def _standing(self, styles: Tensor, scores: Tensor) -> Tensor:
        """How far each channel of the exemplars lies from the population, in standard deviations."""
        count = max(int(self.share * len(scores)), 1)
        exemplars = styles[scores.argsort(descending=True)[:count]].double()
        return (exemplars.mean(0) - styles.double().mean(0)) / styles.double().std(0).clamp_min(1e-9)


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
