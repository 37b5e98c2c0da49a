"""A style from two texts: pictures move in CLIP's space as the texts do (StyleGAN-NADA, Gal et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentlab.backbones.style.pairs import draw
from latentlab.core.generator import Generator
from latentlab.core.shapes import Images

SHORTEST = 0.05
"""Movements below this length, in a space of unit vectors, have no direction yet; see `directional_loss`."""


def directional_loss(moved: Tensor, wish: Tensor) -> Tensor:
    """One minus the cosine between movements [n d] of pictures and that of the texts [d]: eq. 3 of Gal et al., [n].

    A child begins as its parent, and the cosine of no movement has no gradient (of a tiny one a huge gradient). Below
    `SHORTEST` the movement is divided by that instead of by its length: the slope then leads along the wish.
    """
    return 1 - normalize(moved, dim=1, eps=SHORTEST) @ normalize(wish, dim=0)


@dataclass(frozen=True, eq=False)
class Directional:
    """How far a child's pictures are from having moved, seen by CLIP, as the texts say; the parent is frozen."""

    generator: Generator
    see: Callable[[Images], Tensor]
    """Pictures in [-1, 1] to unit vectors [n d]."""
    wish: Tensor
    """[d], the text of the style less that of what the network draws: ΔT of eq. 2."""
    batch: int = 4

    def __call__(self, child: Generator, step: int) -> Tensor:
        with torch.no_grad():
            w_plus = draw(self.generator, self.batch, step)
            before = self.see(self.generator(self.generator.styles(w_plus)))
        after = self.see(child(child.styles(w_plus)))
        return directional_loss(after - before, self.wish.to(after)).mean()  # ΔI of eq. 2
