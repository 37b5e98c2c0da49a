"""How near an edit comes to the true picture, and what of the way is lost to inversion, to the move and to the network.

With f a render, f' the same person with the wish, w and w' their latents and V the move that is judged:

| start | nothing | edit | best latent |
|---|---|---|---|
| true, no error of inversion | f | f + G(w + aV) − G(w) | f + G(w') − G(w) |
| carried, as `edit` shows photographs | f | f moved as G(w) moves to G(w + aV) | f moved as G(w) moves to G(w') |
| inverted | G(w) | G(w + aV) | G(w') |

each against f'. Laid on the picture, a change of the network's own face shows twice wherever the network drew it a little
off; carried, the picture itself moves (`latentlab.editing.transfer`). What lies between `nothing` and `best latent` is what
the network could do; an edit that is further from the truth than doing nothing is no edit of that wish, however well it
scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED
from latentlab.core.pairs import LatentPairs, Truth
from latentlab.core.shapes import Images
from latentlab.metrics.leakage import Interval
from latentlab.networks.perceptual import ms_ssim
from latentlab.scorers.targets import lab

Carry = Callable[[Images, Images, Images, float], Images]
"""A true picture [1 3 s s], the network's before and after, and the strength, to the true picture edited so."""
COARSE = 8
"""Colours are compared in the means of so many by so many pixels."""
Measures = Mapping[str, Tensor]
"""Name to one number for each picture, [n]; smaller is nearer."""
Measure = Callable[[Images, Images], Measures]


@dataclass(frozen=True)
class Nearness:
    """How far pictures are from the truth, and by how much an edit is nearer than doing nothing."""

    start: str
    measure: str
    n: int
    nothing: float
    edit: float
    best: float
    """Of the best latent that an inversion of the true picture found."""
    gain: Interval
    """Nothing minus edit: above 0 the edit is nearer to the truth; with its 95 % bootstrap interval over people."""


def distances(images: Images, truth: Images) -> Measures:
    """1 − MS-SSIM, the mean absolute error, the mean difference of coarse colours (ΔE, CIE76), and where dlib is at hand
    the mean distance of its 68 landmarks, in distances between the eyes (NaN where no face is found)."""
    return {
        **shapes(images, truth),
        "1 - ms-ssim": 1 - ms_ssim(images, truth),
        "pixels": (images - truth).abs().flatten(1).mean(1),
        "colour": (coarse_lab(images) - coarse_lab(truth)).norm(dim=1).flatten(1).mean(1),
    }


def shapes(images: Images, truth: Images) -> Measures:
    """How far landmarks lie from those of the truth; nothing without dlib."""
    from latentlab.faces.landmarks import aligned_landmarks

    try:
        here, there = aligned_landmarks(images), aligned_landmarks(truth)
    except (MissingPart, ImportError):
        return {}
    eyes = (there.points[:, 42:48].mean(1) - there.points[:, 36:42].mean(1)).norm(dim=1)
    apart = (here.points - there.points).norm(dim=2).mean(1) / eyes
    return {"landmarks": apart.masked_fill(~(here.found & there.found), float("nan"))}


def coarse_lab(images: Images) -> Tensor:
    """CIELAB of small averages, [n 3 h w]."""
    side = max(images.shape[-1] // COARSE, 1)
    small = F.adaptive_avg_pool2d(images.clamp(-1, 1), side) / 2 + 0.5
    linear = torch.where(small > 0.04045, ((small + 0.055) / 1.055) ** 2.4, small / 12.92)
    n, _, height, width = linear.shape
    flat = linear.permute(0, 2, 3, 1).reshape(-1, 3)
    return lab(flat).reshape(n, height, width, 3).permute(0, 3, 1, 2)


@torch.no_grad()
def nearness(
    generator: Generator, direction: Direction, pairs: LatentPairs, step: float, measure: Measure = distances,
    carry: Carry | None = None,
) -> list[Nearness]:  # fmt: skip
    """The rows of the table for each measure; `carried` where it is said how.

    `step` is the size of one step of the pairs in the unit of the direction; every person is moved by the number of steps
    that the truth took. Of several latents of a person the last is taken that goes without a pivot.
    """
    truth = pairs.truth
    if truth is None:
        raise BadInput("nearness to the truth needs true pictures; these pairs have none")
    direction.check(generator.hash)
    rows = _rows(truth)
    before, after = (Latent(Space.W_PLUS, side.values[rows]) for side in (pairs.before, pairs.after))
    strengths = truth.steps.to(before.values) * (step / direction.step)
    moved = direction.apply(_in_space(generator, before, direction), strengths)

    size = truth.before.shape[-1]
    unmoved, edited, best = (_drawn(generator, latent, size) for latent in (before, moved, after))
    first, wanted = truth.before.to(unmoved), truth.after.to(unmoved)
    pictures = {"true": (first, first + edited - unmoved, first + best - unmoved)}
    if carry is not None:
        moves = strengths.tolist()
        shown = [_carried(carry, first, unmoved, one, moves) for one in (edited, best)]
        pictures["carried"] = (first, shown[0], shown[1])
    pictures["inverted"] = (unmoved, edited, best)
    found = []
    for start, three in pictures.items():
        nothing, edit, ceiling = (measure(one, wanted) for one in three)
        found += [
            _row(start, name, nothing[name], edit[name], ceiling[name]) for name in nothing
        ]  # fmt: skip
    return [row for row in found if row.n]  # a measure that saw nobody says nothing


def _carried(carry: Carry, first: Images, unmoved: Images, after: Images, strengths: list[float]) -> Images:
    """Each picture by itself."""
    rows = [slice(i, i + 1) for i in range(len(first))]
    return torch.cat([carry(first[i], unmoved[i], after[i], a) for i, a in zip(rows, strengths, strict=True)])


def _row(start: str, name: str, nothing: Tensor, edit: Tensor, best: Tensor) -> Nearness:
    """Over the people in whose three pictures it was measured."""
    there = nothing.isfinite() & edit.isfinite() & best.isfinite()
    nothing, edit, best = nothing[there], edit[there], best[there]
    return Nearness(
        start, name, len(nothing), float(nothing.mean()), float(edit.mean()), float(best.mean()),
        mean_interval((nothing - edit).double().cpu().numpy()),
    )  # fmt: skip


def mean_interval(values: np.ndarray, bootstraps: int = 2000) -> Interval:
    """The mean of what was measured and its 95 % bootstrap interval; NaN where nothing was."""
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    draws = np.random.RandomState(0).randint(len(values), size=(bootstraps, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def _rows(truth: Truth) -> list[int]:
    """One latent for each person."""
    pivots = truth.pivots or (None,) * len(truth.who)
    found = {who: row for row, who in enumerate(truth.who.tolist()) if pivots[row] is None}
    return [found[person] for person in range(len(truth.before))]


def _in_space(generator: Generator, latent: Latent, direction: Direction) -> Latent:
    return generator.lift(latent, Space.S) if direction.space is Space.S else latent


def _drawn(generator: Generator, latent: Latent, size: int) -> Images:
    parts = [generator.render(latent[slice(i, i + 8)], FIXED) for i in range(0, len(latent), 8)]
    images = torch.cat(parts)
    return images if images.shape[-1] <= size else F.adaptive_avg_pool2d(images, size)
