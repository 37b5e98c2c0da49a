"""Transfer of what appears: the photo times how much darker or brighter each pixel of the generator's picture became.

After the ratio images of Liu, Shan and Zhang 2001 ("Expressive expression mapping with ratio images"). Nothing moves, so it
is for frames of glasses and for beards, whose thin dark lines a correspondence takes for an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from latentlab.core.shapes import Images
from latentlab.editing.transfer.transfer import Carried, Scene, Transfer
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import Layers


@dataclass(frozen=True)
class RatioTransfer(Transfer):
    """One multiplication at the photo's own size."""

    floor: float = 0.08
    """Of brightness 0..1: darker pixels have no ratio that can be trusted."""
    least: float = 0.15
    most: float = 1.1
    """Ratios are kept in here: frames and hair darken; what becomes brighter beside them is the network's own doing."""

    @torch.no_grad()
    def layers(self, scene: Scene) -> Layers:
        size = scene.before.shape[-1]
        photo = fit_to(scene.photo, size)
        still = photo.new_zeros(1, 2, size, size)
        colour = self._times(photo, self._ratio(scene)) - photo
        return Layers(still, colour, photo.new_ones(1, 1, size, size), photo)

    @torch.no_grad()
    def carry(self, scene: Scene) -> Carried:
        ratio = interpolate(
            self._ratio(scene), scene.photo.shape[-2:], mode="bicubic", align_corners=False
        ).clamp(self.least, self.most)
        return Carried(self._times(scene.photo, ratio), self.layers(scene), torn=0.0)

    def _ratio(self, scene: Scene) -> Tensor:
        before, after = ((images + 1) / 2 + self.floor for images in (scene.before, scene.after))
        return (after / before).clamp(self.least, self.most)

    def _times(self, photo: Images, ratio: Tensor) -> Images:
        return ((photo + 1) * ratio - 1).clamp(-1, 1)
