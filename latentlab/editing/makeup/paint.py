"""Colours of makeup regions changed on an aligned face, at whatever size it has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.editing.makeup.colour import Lab, complexion, from_lab, to_lab
from latentlab.editing.makeup.masks import makeup_mask

LAYERS = ("skin", "blush", "lids", "liner", "lips")
"""Painted in this order."""
DARK = 0.62
"""Eyes whose lightness is below this share of the skin's, all over, are behind sunglasses."""


def paint(image: Images, landmarks: Tensor, changes: Mapping[str, Lab]) -> Images:
    """The face [1 3 s s] with each region's colour changed by [3] in CIELAB, along the region's soft mask.

    Light, pores and hairs are the face's own: only the mean moves.
    """
    lab = to_lab(image)
    for name in LAYERS:
        if name in changes:
            mask = makeup_mask(name, landmarks, image.shape[-1])[0, 0].numpy()
            lab = lab + mask[..., None] * changes[name]
    lab[..., 0] = lab[..., 0].clip(0, 100)
    return from_lab(lab).to(image).clamp(-1, 1)


def behind_sunglasses(image: Images, landmarks: Tensor) -> bool:
    """Whether dark glasses hide the eyes: no part of either eye, its lid or below is nearly as light as the skin."""
    own = complexion(image, landmarks)
    lightness = to_lab(image)[..., 0]
    around = makeup_mask("lids", landmarks, image.shape[-1]) + makeup_mask(
        "liner", landmarks, image.shape[-1]
    )
    inside = lightness[(around[0, 0] > 0.5).numpy()]
    return bool(np.quantile(inside, 0.9) < DARK * own.skin[0]) if inside.size else True


def parse_colour(text: str, name: str) -> Lab:
    """`#a01030` (or `a01030`, `#a13`) as CIELAB [3]."""
    digits = text.strip().removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    try:
        if len(digits) != 6:
            raise ValueError
        values = [int(digits[i : i + 2], 16) for i in (0, 2, 4)]
    except ValueError:
        raise BadInput(
            f"the colour of `{name}` is '{text[:40]}'; write six hexadecimal digits, for example #a01030"
        ) from None
    from skimage.color import rgb2lab

    return rgb2lab(np.array(values, dtype=np.float64)[None, None] / 255)[0, 0]
