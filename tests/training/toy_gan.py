"""A GAN of three numbers: small enough to train in milliseconds, with everything a big one has."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from latentlab.training.ema import follow
from latentlab.training.phase import Moment, Phase
from latentlab.training.trainable import Networks, Trainable


def source(numbers: Sequence[int]) -> Tensor:
    """Sample k is three numbers drawn from k."""
    return torch.stack(
        [torch.randn(3, generator=torch.Generator().manual_seed(k)) * 0.1 + 1 for k in numbers]
    )


class Discriminator(nn.Module):
    """Looks at groups of samples, as the minibatch-std layer does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, width), nn.SiLU(), nn.Linear(width, 1))

    def forward(self, samples: Tensor) -> Tensor:
        groups = samples.reshape(4, -1, 3)  # group m holds every M-th sample
        spread = groups.std(0).mean(1)[None].expand(4, -1).reshape(-1, 1)
        return self.body(torch.cat([samples, spread], 1))[:, 0]


@dataclass(frozen=True)
class Toy(Trainable):
    width: int = 8
    break_at: int = -1
    """Step at which a loss becomes NaN."""
    starve_at: int = -1
    """Step at which memory ends."""
    loud: bool = True
    """Whether dropout-like global randomness is used."""
    coarse: bool = False

    @property
    def autocast(self) -> bool:
        return self.coarse

    def networks(self) -> Networks:
        generator = nn.Sequential(nn.Linear(2, self.width), nn.SiLU(), nn.Linear(self.width, 3))
        average = copy.deepcopy(generator)
        return {"G": generator, "D": Discriminator(self.width), "G_ema": average}

    def optimizers(self, networks: Networks) -> Mapping[str, torch.optim.Optimizer]:
        return {
            name: torch.optim.Adam(networks[name].parameters(), lr=0.01, betas=(0.0, 0.99)) for name in "GD"
        }

    def phases(self, networks: Networks) -> Sequence[Phase]:
        G, D = networks["G"], networks["D"]

        def fake(moment: Moment) -> Tensor:
            samples = G(moment.draws.normal(2))
            return samples + 0.01 * torch.randn(len(samples), 3) if self.loud else samples

        def generator(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            if moment.step == self.starve_at:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")
            loss = softplus(-D(fake(moment))).mean()
            return {"fool": loss * float("nan") if moment.step == self.break_at else loss}

        def discriminator(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            return {"fake": softplus(D(fake(moment).detach())).mean(), "real": softplus(-D(batch)).mean()}

        def penalty(batch: Tensor, moment: Moment) -> Mapping[str, Tensor]:
            batch = batch.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(D(batch).sum(), batch, create_graph=True)
            return {"r1": gradient.square().sum(1).mean() * 4}

        def average(moment: Moment) -> None:
            follow(networks["G_ema"], G, moment.images, moment.batch, half_life=100, ramp_up=0.05)

        return [
            Phase("generator", ("G",), generator, after=average),
            Phase("discriminator", ("D",), discriminator),
            Phase("penalty", ("D",), penalty, every=4),
        ]

    @property
    def group(self) -> int:
        return 4
