"""The map of a score bank: every sample a point in two dimensions, near where its latent is, coloured by any score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.latent import Latent, Space
from latentlab.core.watch import Watch
from latentlab.directions.discoverer import LatentPairs
from latentlab.directions.pairs import Pairs
from latentlab.scorers.bank import Samples
from latentlab.store.home import check_name
from latentlab.studio.discovery.discover import default_guides, filled_bank, keep
from latentlab.studio.studio import Studio

SHRINKAGE = 0.8
"""A few marks say little of a covariance of hundreds of dimensions: the discriminant leans on the mean change."""
FEWEST = 3
"""Faces on each side of a direction from marks."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Points of a bank."""

    points: np.ndarray
    """[n 2]"""
    samples: Samples
    axes: tuple[str, str]
    """What the two dimensions are."""


def chart(
    studio: Studio, samples: int = 2000, layout: Literal["pca", "umap"] = "pca", watch: Watch | None = None
) -> Chart:
    """The first samples of the bank (filled where it is not yet), laid out by their w."""
    bank = filled_bank(studio, default_guides(studio), samples, watch=watch)
    read = bank.read(samples)
    latents = read.w.double().numpy()
    if layout == "umap":
        return Chart(_umap(latents), read, ("UMAP 1", "UMAP 2"))
    from sklearn.decomposition import PCA

    found = PCA(2, random_state=0).fit(latents)
    shares = [
        f"component {i} ({share:.0%} of the variance)"
        for i, share in enumerate(found.explained_variance_ratio_, 1)
    ]
    return Chart(found.transform(latents), read, (shares[0], shares[1]))


def umap_is_here() -> bool:
    """Whether UMAP can be chosen."""
    return find_spec("umap") is not None


def _umap(latents: np.ndarray) -> np.ndarray:
    try:
        from umap import UMAP
    except ImportError:
        raise MissingPart(
            "UMAP is not installed; pip install umap-learn, or take the principal components"
        ) from None
    return np.asarray(UMAP(n_components=2, random_state=0).fit_transform(latents))


def direction_from_seeds(
    studio: Studio, name: str, more: Sequence[int], less: Sequence[int], psi: float = 1.0
) -> Direction:
    """The direction from the samples of some seeds to those of others, kept in the lab; it needs no scorer.

    Fisher's discriminant in W with a covariance drawn far towards the identity, as long as the mean change.
    """
    check_name(name)
    both = sorted(set(more) & set(less))
    if both:
        raise BadInput(f"seed {both[0]} is marked as more and as less; decide")
    if min(len(more), len(less)) < FEWEST:
        raise BadInput(
            f"{len(more)} faces are marked as more and {len(less)} as less; at least {FEWEST} of each are needed, ten are good"
        )
    source = LatentPairs(_w_plus(studio, less, psi), _w_plus(studio, more, psi))
    found = Pairs(name, paired=False, shrinkage=SHRINKAGE).discover(studio.generator, source)
    keep(studio, found)
    return found[0]


@torch.no_grad()
def _w_plus(studio: Studio, seeds: Sequence[int], psi: float) -> Latent:
    latents = [studio.generator.lift(studio.sample(seed, psi).latent, Space.W_PLUS).values for seed in seeds]
    return Latent(Space.W_PLUS, torch.cat(latents))
