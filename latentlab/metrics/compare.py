"""Samples against real images in several feature spaces, with the distance of two halves of the real ones beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.metrics.distance import frechet_distance, kernel_distance
from latentlab.metrics.features import Space as FeatureSpace
from latentlab.metrics.precision_recall import precision_recall


@dataclass(frozen=True)
class Comparison:
    """Figures in one feature space."""

    space: str
    frechet: float
    frechet_name: str
    """`FID`, or `Fréchet distance (SPACE)`."""
    floor: float
    """The Fréchet distance of two halves of the real images: what sampling alone costs, at half the number."""
    kernel: float
    kernel_name: str
    precision: float
    recall: float
    real: int
    made: int
    """How many images had features (dlib sees no face in some)."""


def compare(
    real: Sequence[Images], made: Sequence[Images], spaces: Sequence[FeatureSpace]
) -> list[Comparison]:
    """Batches of real images and of samples, in each space."""
    found = []
    for space in spaces:
        truth, samples = space.of(real), space.of(made)
        if min(len(truth), len(samples)) < 8:
            raise BadInput(
                f"too few images to compare in the space '{space.name}': {len(truth)} and {len(samples)}"
            )
        score = precision_recall(truth, samples)
        found.append(
            Comparison(
                space=space.name,
                frechet=frechet_distance(truth, samples),
                frechet_name=space.called("Fréchet distance"),
                floor=frechet_distance(truth[::2], truth[1::2]),
                kernel=kernel_distance(truth, samples).distance,
                kernel_name=space.called("kernel distance"),
                precision=score.precision,
                recall=score.recall,
                real=len(truth),
                made=len(samples),
            )
        )
    return found


def samples(
    generator: Generator, count: int, psi: float = 1.0, first_seed: int = 0, batch: int = 16
) -> Iterator[Images]:
    """Batches of samples, one seed each."""
    for start in range(first_seed, first_seed + count, batch):
        seeds = range(start, min(start + batch, first_seed + count))
        with torch.no_grad():
            w = generator.map(draw_z(seeds, generator.z_width).to(generator.device))
            w = generator.truncate(w[:, None], psi)[:, 0]
            yield generator.render(Latent(Space.W, w)).float().clamp(-1, 1)


def nearest(made: Tensor, training: Tensor) -> Tensor:
    """The distance of each sample's features from the nearest training image's, [n]: does it repeat somebody?"""
    return torch.cat([torch.cdist(rows.double(), training.double()).amin(1) for rows in made.split(1000)])
