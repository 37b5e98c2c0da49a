"""How many samples look real, how much of what is real is sampled (Kynkäänniemi et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput

CHUNK = 2000


@dataclass(frozen=True)
class PrecisionRecall:
    """Both in 0..1."""

    precision: float
    """Share of samples that lie among the real ones."""
    recall: float
    """Share of real ones that lie among the samples."""


def precision_recall(real: Tensor, made: Tensor, neighbours: int = 3) -> PrecisionRecall:
    """From features [n width] and [m width]: a point lies among others within the radius of one's k-th neighbour."""
    if min(len(real), len(made)) <= neighbours:
        raise BadInput(
            f"{neighbours} neighbours need more than {min(len(real), len(made))} samples on each side"
        )
    real, made = real.double(), made.double()
    return PrecisionRecall(_share_inside(made, real, neighbours), _share_inside(real, made, neighbours))


def _share_inside(points: Tensor, manifold: Tensor, neighbours: int) -> float:
    radii = torch.cat(
        [torch.cdist(rows, manifold).kthvalue(neighbours + 1, dim=1).values for rows in manifold.split(CHUNK)]
    )
    inside = [(torch.cdist(rows, manifold) <= radii).any(1) for rows in points.split(CHUNK)]
    return float(torch.cat(inside).double().mean())
