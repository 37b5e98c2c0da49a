"""DCI: disentanglement, completeness and informativeness of a latent space (Eastwood and Williams, ICLR 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from latentlab.core.errors import BadInput
from latentlab.core.ranges import Between, Seed, Weight, check


@dataclass(frozen=True)
class Disentanglement:
    """Each in 0..1, 1 is best."""

    disentanglement: float
    """Each latent coordinate matters for one attribute only."""
    completeness: float
    """Each attribute needs one coordinate only."""
    informativeness: float
    """Share of the variance of the attributes that the predictors explain on held-out samples, mean, at least 0."""


@dataclass(frozen=True)
class Dci:
    """Lasso predictors, whose absolute weights are the importances; coordinates and scores are standardised."""

    penalty: Weight = 0.02
    """L1 weight of the lasso, for standardised scores."""
    held_out: Annotated[float, Between(0.01, 0.99)] = 0.3
    """Share of the samples kept for informativeness."""
    seed: Seed = 0
    """Of the split."""

    def __post_init__(self) -> None:
        check(self)

    def measure(self, latents: np.ndarray, scores: np.ndarray) -> Disentanglement:
        """`latents` [n width], `scores` [n attributes]."""
        from sklearn.linear_model import Lasso

        n, attributes = scores.shape
        if n < 20 or attributes < 2:
            raise BadInput(f"DCI needs at least 20 samples and 2 attributes; there are {n} and {attributes}")
        order = np.random.RandomState(self.seed).permutation(n)
        cut = int(n * (1 - self.held_out))
        fit, test = order[:cut], order[cut:]
        inputs = _standardise(latents, fit)
        targets = _standardise(scores, fit)

        weights, explained = [], []
        for column in range(attributes):
            machine = Lasso(self.penalty, max_iter=5000).fit(inputs[fit], targets[fit, column])
            weights.append(np.abs(machine.coef_))
            explained.append(max(machine.score(inputs[test], targets[test, column]), 0.0))
        return _summary(np.stack(weights, axis=1), float(np.mean(explained)))


def _standardise(values: np.ndarray, fit: np.ndarray) -> np.ndarray:
    centred = values - values[fit].mean(0)
    return centred / np.maximum(values[fit].std(0), 1e-9)


def _summary(importance: np.ndarray, informativeness: float) -> Disentanglement:
    """From importances [width attributes]: one minus the entropy of rows and columns, weighted by their mass."""
    total = importance.sum()
    if total == 0:
        return Disentanglement(0.0, 0.0, informativeness)
    rows, columns = importance.sum(1), importance.sum(0)
    by_coordinate = 1 - _entropy(importance, axis=1)
    by_attribute = 1 - _entropy(importance, axis=0)
    return Disentanglement(
        float((by_coordinate * rows).sum() / total),
        float((by_attribute * columns).sum() / total),
        informativeness,
    )


def _entropy(importance: np.ndarray, axis: int) -> np.ndarray:
    """Entropy along an axis, as a share of its largest possible value."""
    mass = importance.sum(axis, keepdims=True)
    share = np.divide(importance, mass, out=np.zeros_like(importance), where=mass > 0)
    terms = np.where(share > 0, share * np.log(np.maximum(share, 1e-300)), 0.0)
    return -terms.sum(axis) / np.log(importance.shape[axis])
