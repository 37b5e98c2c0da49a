"""The colours of a face by region, and how they go from one face to another: CIELAB statistics, as Reinhard et al. 2001.

A region's new mean is not the reference's: two faces differ in skin and light as well. How much of each difference is
makeup was fitted to rendered people with and without it (`tools/calibrate_makeup.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.editing.makeup.masks import MASKS, makeup_mask

Lab = np.ndarray
"""[h w 3] or [3]: L* in 0..100, a* towards red, b* towards yellow."""


@dataclass(frozen=True, eq=False)
class Complexion:
    """Mean colours of one face."""

    regions: Mapping[str, Lab]
    """[3] by region."""
    skin: Lab
    """[3], of the skin that is neither lid nor cheek."""

    def features(self, region: str, reference: Complexion | None = None) -> np.ndarray:
        """What a change of colour is predicted from: the region and the skin here and there, and a constant."""
        own = self.regions[region] - self.skin
        if reference is None:
            return np.concatenate([own, self.skin, [1.0]])
        theirs = reference.regions[region] - reference.skin
        return np.concatenate([theirs, own, self.skin - reference.skin, [1.0]])


def complexion(image: Images, landmarks: Tensor) -> Complexion:
    """The colours of an aligned face [1 3 s s]; landmarks [68 2] in its pixels."""
    lab, size = to_lab(image), image.shape[-1]
    masks = {name: makeup_mask(name, landmarks, size)[0, 0].numpy() for name in MASKS}
    plain = masks["skin"] * (1 - masks["blush"]) * (1 - masks["lids"])
    return Complexion({name: _mean(lab, mask) for name, mask in masks.items()}, _mean(lab, plain))


def put_on(own: Complexion, reference: Complexion, region: str) -> Lab:
    """The change [3] that gives the region the reference's makeup."""
    return own.features(region, reference) @ _matrix(region, "put")


def take_off(own: Complexion, region: str) -> Lab:
    """The change [3] that makes the region bare."""
    return own.features(region) @ _matrix(region, "taken")


def to_colour(own: Complexion, region: str, colour: Lab) -> Lab:
    """The change [3] to a colour as it is seen in white light: its hue as it stands, its lightness in the face's own."""
    change = colour - own.regions[region]
    change[0] += min(0.0, own.skin[0] - LIT)
    return COVER[region] * change


LIT = 65.0
"""Lightness of skin in good light; on darker pictures paint looks darker as well."""
COVER = {"lips": 0.9, "lids": 0.7, "liner": 0.9, "blush": 0.4, "skin": 0.35}
"""How much of the skin below each kind of makeup hides."""


def to_lab(image: Images) -> Lab:
    """[1 3 h w] in [-1, 1] to CIELAB (D65), [h w 3]."""
    from skimage.color import rgb2lab

    pixels = ((image[0].detach().cpu().double() + 1) / 2).clamp(0, 1)
    return rgb2lab(pixels.permute(1, 2, 0).numpy())


def from_lab(lab: Lab) -> Images:
    """CIELAB [h w 3] to [1 3 h w]; what no screen shows is clipped."""
    from skimage.color import lab2rgb

    blue = 200 * (lab[..., 0] + 16) / 116 - 1e-3  # beyond this b* there would be less than no blue
    lab = np.stack([lab[..., 0], lab[..., 1], np.minimum(lab[..., 2], blue)], axis=-1)
    return torch.from_numpy(lab2rgb(lab)).permute(2, 0, 1)[None].float() * 2 - 1


def _mean(lab: Lab, weights: np.ndarray) -> Lab:
    return (lab * weights[..., None]).sum((0, 1)) / max(float(weights.sum()), 1e-6)


def _matrix(region: str, kind: str) -> np.ndarray:
    return np.array(_calibration()[region][kind]["matrix"])


@cache
def _calibration() -> dict[str, Any]:
    return json.loads((files(__package__ or "") / "calibration.json").read_text())
