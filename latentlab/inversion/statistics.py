"""The law of w, as the mapping draws it: mean, spread, and its whitened form before the last activation.

Zhu et al. 2020 (Improved StyleGAN Embedding) find w nearly normal once the last leaky ReLU (slope 0.2) is undone:
x = leaky_relu(w, 5). In the principal components of x, divided by their deviations, a sample of the prior is
N(0, 1) in every coordinate, so the squared length of a w there is its squared Mahalanobis distance to the average.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from threading import Lock

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import W
from latentlab.inversion.kept_law import keep_law, read_law

SLOPE = 0.2
FLOOR = 0.1
"""Smallest deviation of a component, as a share of the largest.

Encoders answer with some of everything, also along directions that the mapping hardly uses; measured by those tiny
deviations (1e-3 and less of the largest) nothing but them would count, and a descent would spend its steps there.
"""


@dataclass(frozen=True, eq=False)
class WStatistics:
    """Statistics of `samples` draws of the mapping."""

    mean: Tensor
    """[width], of w itself."""
    spread: float
    """Root of the mean squared distance to the mean: the w_std of the published projector."""
    centre: Tensor
    """[width], of x = leaky_relu(w, 1/0.2)."""
    components: Tensor
    """[width width]: principal directions of x in rows."""
    deviations: Tensor
    """[width]: deviation along each."""
    limit: float
    """The `distance` below which 99.9 % of the prior's own samples stay."""

    def whiten(self, w: Tensor) -> Tensor:
        """w [... width] to coordinates in which the prior is N(0, 1)."""
        before = leaky_relu(w, 1 / SLOPE)
        return ((before - self.centre) @ self.components.T) / self.deviations

    def colour(self, coordinates: Tensor) -> Tensor:
        """The inverse of `whiten`."""
        before = (coordinates * self.deviations) @ self.components + self.centre
        return leaky_relu(before, SLOPE)

    def distance(self, w: Tensor) -> Tensor:
        """Root mean squared whitened coordinate [...]: about 1 for samples of the prior, larger outside it."""
        return self.whiten(w).square().mean(dim=-1).sqrt()


_CACHE: weakref.WeakKeyDictionary[Generator, tuple[str, WStatistics]] = weakref.WeakKeyDictionary()
_LOCK = Lock()
SAMPLES = 10_000
SEED = 123
LIMIT_SAMPLES, LIMIT_SEED, LIMIT_SHARE = 2000, 7, 0.999
WORTH_KEEPING = 128
"""Widths from which measuring takes longer than reading."""


def w_statistics(generator: Generator) -> WStatistics:
    """Statistics of 10,000 w of seed 123 (the published projector's), kept as long as the network is unchanged."""
    with _LOCK:
        known = _CACHE.get(generator)
        if known is None or known[0] != generator.hash:
            known = (generator.hash, _known(generator))
            _CACHE[generator] = known
        return known[1]


def _known(generator: Generator) -> WStatistics:
    """As an earlier process kept it, else measured now."""
    large = generator.z_width >= WORTH_KEEPING
    law = read_law(WStatistics, generator.hash, generator.w_average) if large else None
    if law is None:
        law = _measure(sample_w(generator, SAMPLES, SEED), sample_w(generator, LIMIT_SAMPLES, LIMIT_SEED))
        if large:
            keep_law(law, generator.hash)
    return law


@torch.no_grad()
def sample_w(generator: Generator, samples: int, seed: int) -> W:
    """w of z = RandomState(seed).randn(samples, width); a conditional network maps random classes."""
    import numpy as np

    random = np.random.RandomState(seed)
    z = torch.from_numpy(random.randn(samples, generator.z_width)).to(generator.w_average)
    if not generator.condition_width:
        return torch.cat([generator.map(part) for part in z.split(2500)])
    classes = torch.from_numpy(random.randint(generator.condition_width, size=samples))
    labels = torch.nn.functional.one_hot(classes, generator.condition_width).to(z)
    return torch.cat([generator.map(a, b) for a, b in zip(z.split(2500), labels.split(2500), strict=True)])


def _measure(w: W, others: Tensor) -> WStatistics:
    """The law of samples [n width], and how far other samples of the same prior lie out in it."""
    mean = w.mean(dim=0)
    spread = float((w - mean).square().sum(dim=1).mean().sqrt())

    before = leaky_relu(w.double(), 1 / SLOPE)
    centre = before.mean(dim=0)
    variances, vectors = torch.linalg.eigh(torch.cov(before.T).reshape(w.shape[1], w.shape[1]))
    deviations = variances.clamp_min(0).sqrt().flip(0)
    deviations = deviations.clamp_min(FLOOR * float(deviations[0]))
    components = vectors.flip(1).T.contiguous().to(w)
    law = WStatistics(mean, spread, centre.to(w), components, deviations.to(w), 0.0)
    return replace(law, limit=float(law.distance(others).quantile(LIMIT_SHARE)))


def average(generator: Generator, space: Space, count: int = 1) -> Latent:
    """The average latent, `count` times, in a space; in Z the seed 0 stands for it, for Z has no average face."""
    if space is Space.Z:
        z = draw_z([0], generator.z_width).to(generator.w_average)
        return Latent(Space.Z, z.repeat(count, 1))
    w = generator.w_average
    base = Latent(Space.W, w[None]) if w.ndim == 1 else Latent(Space.W_PLUS, w[None])
    if w.ndim == 2 and space is Space.W:
        base = Latent(Space.W, w.mean(dim=0)[None])
    lifted = generator.lift(base, space)
    return lifted.with_values(lifted.values.detach().repeat(count, *[1] * (lifted.values.ndim - 1)))
