"""First and second moments of w and scores, read from a bank block by block: bounded memory for any number of samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import torch
from torch import Tensor

from latentlab.core.watch import Watch, silent
from latentlab.directions.discoverer import check_scores, check_size
from latentlab.scorers.bank import Bank, Samples


@dataclass(frozen=True, eq=False)
class Moments:
    """All that a linear method has to know of its samples; double precision."""

    mean: Tensor
    """Of w, [width]."""
    covariance: Tensor
    """C of w, [width width]."""
    cross: Tensor
    """Covariance of w and the scores, [width names]."""
    score_mean: Tensor
    """[names]."""
    score_variance: Tensor
    """[names]."""
    count: float = inf
    """How many samples they are of."""

    @property
    def spread(self) -> Tensor:
        """Standard deviation of the scores, [names]."""
        return self.score_variance.sqrt()

    def effects(self, ridge: float) -> Tensor:
        """B of the ridge regression S ≈ (w − w̄)·B, (C + ρI)⁻¹·Cov(w, s), [width names]; the penalty ρ is this share
        of the mean variance of a coordinate of w, and more where there are fewer than four samples for each."""
        ridge = ridge * max(1.0, 4 * len(self.covariance) / self.count)
        penalty = ridge * self.covariance.diagonal().mean() * torch.eye(len(self.covariance)).double()
        return torch.linalg.solve(self.covariance + penalty, self.cross)

    def scaled(self, direction: Tensor, step: float, column: int = 0) -> Tensor:
        """The multiple of `direction` that moves the linear prediction of one score by `step`: its slope is that of
        the score regressed on the latents' coordinate along it, uᵀ·Cov(w, s) / uᵀCu."""
        unit = direction / direction.norm()
        slope = (unit @ self.cross[:, column]) / (unit @ self.covariance @ unit).clamp_min(1e-12)
        if torch.sign(slope) < 0:
            unit, slope = -unit, -slope
        return unit * (step / slope.clamp_min(1e-9))


@dataclass(eq=False)
class _Sums:
    """Running weighted sums round an origin near the mean, so that differences of moments stay exact."""

    origin: Tensor
    score_origin: Tensor
    mass: float = 0.0
    w: Tensor = field(default_factory=lambda: torch.zeros(()))
    s: Tensor = field(default_factory=lambda: torch.zeros(()))
    ww: Tensor = field(default_factory=lambda: torch.zeros(()))
    ws: Tensor = field(default_factory=lambda: torch.zeros(()))
    ss: Tensor = field(default_factory=lambda: torch.zeros(()))

    def add(self, w: Tensor, s: Tensor, weights: Tensor | None = None) -> None:
        w, s = w - self.origin, s - self.score_origin
        heavy_w, heavy_s = (w, s) if weights is None else (w * weights[:, None], s * weights[:, None])
        self.mass += len(w) if weights is None else float(weights.sum())
        self.w, self.s = self.w + heavy_w.sum(0), self.s + heavy_s.sum(0)
        self.ww, self.ws = self.ww + heavy_w.T @ w, self.ws + heavy_w.T @ s
        self.ss = self.ss + (heavy_s * s).sum(0)

    def moments(self) -> Moments:
        mean, score = self.w / self.mass, self.s / self.mass
        return Moments(
            mean + self.origin,
            self.ww / self.mass - torch.outer(mean, mean),
            self.ws / self.mass - torch.outer(mean, score),
            score + self.score_origin,
            (self.ss / self.mass - score.square()).clamp_min(0),
            self.mass,
        )


def moments_of(
    bank: Bank, names: tuple[str, ...], samples: int, width: int, watch: Watch = silent
) -> Moments:
    """Of the bank's first `samples` samples, checked as `supervised_samples` checks them."""
    return resampled(bank, names, samples, width, 0, 0, watch)[0]


def resampled(
    bank: Bank, names: tuple[str, ...], samples: int, width: int, replicas: int, seed: int, watch: Watch = silent
) -> list[Moments]:  # fmt: skip
    """The moments, then those of `replicas` bootstrap samples, in one pass: each sample counts for a Poisson(1) number
    of itself in each replica (the bootstrap's multinomial, without needing the samples side by side)."""
    check_size(samples, width)
    for name in names:
        check_scores(name, bank.column(name, samples))
    draws = [torch.Generator().manual_seed(seed + number) for number in range(replicas)]
    sums: list[_Sums] = []
    done = 0
    for part in bank.blocks(samples):
        w, s = part.w.double(), columns_of(part, names)
        sums = sums or [_Sums(w.mean(0), s.mean(0)) for _ in range(replicas + 1)]
        sums[0].add(w, s)
        for one, draw in zip(sums[1:], draws, strict=True):
            one.add(w, s, torch.poisson(torch.ones(len(w), dtype=torch.float64), generator=draw))
        done += len(w)
        watch(done / samples, f"{done:,} samples read")
    return [one.moments() for one in sums]


def columns_of(part: Samples, names: tuple[str, ...]) -> Tensor:
    """These scores of a stretch of the bank, double precision [n names]."""
    return torch.stack([part.column(name).double() for name in names], dim=1)
