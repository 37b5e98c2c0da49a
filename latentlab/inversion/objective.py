"""How far a render is from the photo, for each sample, as a dict of named terms; hidden parts never count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from latentlab.core.distance import Distance
from latentlab.core.shapes import Images
from latentlab.inversion.resize import resize
from latentlab.networks.perceptual import FeatureDistance


@dataclass(frozen=True, eq=False)
class Objective:
    """Weighted distances between renders and targets."""

    target: Images
    """[n 3 r r]."""
    mask: Tensor
    """[n 1 r r], 1 where the photo counts."""
    distance: Distance | None
    """Perceptual distance, or None."""
    pixels: float = 1.0
    """Weight of the mean squared error."""
    perceptual: float = 1.0
    """Weight of the perceptual distance."""
    size: int = 256
    """Larger pictures are compared perceptually at this size, as the published projector does."""

    def terms(self, images: Images, rows: list[int]) -> dict[str, Tensor]:
        """Each named distance of images to the targets `rows`, [len(rows)]."""
        target, mask = self.target[rows], self.mask[rows]
        seen = visible(target, mask, images)
        found = {"pixels": (images - seen).square().flatten(1).sum(dim=1) / (3 * mask.flatten(1).sum(dim=1))}
        if self.distance is not None and self.perceptual:
            size = min(self.size, images.shape[-1])
            if isinstance(self.distance, FeatureDistance) and self.remembered is not None:
                other = [feature[rows] for feature in self.remembered]
                found["perceptual"] = self.distance.between(
                    self.distance.features(resize(images, size)), other
                )
            else:
                found["perceptual"] = self.distance(resize(images, size), resize(seen, size))
        return found

    @cached_property
    def remembered(self) -> Sequence[Tensor] | None:
        """The targets' features, computed once; None where a mask or a plain distance does not allow it."""
        if not isinstance(self.distance, FeatureDistance) or not bool((self.mask == 1).all()):
            return None
        with torch.no_grad():
            return self.distance.features(resize(self.target, min(self.size, self.target.shape[-1])))

    def __call__(self, images: Images, rows: list[int]) -> Tensor:
        terms = self.terms(images, rows)
        total = self.pixels * terms["pixels"]
        return total + self.perceptual * terms["perceptual"] if "perceptual" in terms else total


def visible(target: Images, mask: Tensor, render: Images) -> Images:
    """The target where the mask is 1, the render itself where it is 0, so that what hides the face asks for nothing."""
    if bool((mask == 1).all()):
        return target
    return target * mask + render * (1 - mask)
