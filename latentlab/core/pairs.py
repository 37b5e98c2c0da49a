"""Pairs: latents before and after a change, with the true pictures where they are known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from latentlab.core.latent import Latent
from latentlab.core.pivot import Pivot
from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images


@dataclass(frozen=True, eq=False)
class Truth:
    """The true pictures that pairs of latents were inverted from."""

    before: Images
    """[people 3 s s], at most as large as the network's own."""
    after: Images
    steps: Tensor
    """By how many steps each picture was changed, [people]; below 0 it was taken from it."""
    who: Tensor
    """Whose picture a pair of latents reproduces, int64 [pairs]: one picture may have been inverted in several ways."""
    pivots: tuple[Pivot | None, ...] = ()
    """The pivot that goes with each pair of latents; empty for none at all."""
    scorers: tuple[Scorer, ...] = ()
    """What may be asked about pictures while a method learns."""
    target: int | None = None
    """Which of their scores is the wish itself."""


@dataclass(frozen=True, eq=False)
class LatentPairs:
    """Latents before and after a change, or of two groups: [n layers width] each, in W+."""

    before: Latent
    after: Latent
    truth: Truth | None = None
    """The pictures themselves, for methods that look at them."""
