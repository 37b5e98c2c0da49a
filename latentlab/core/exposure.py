"""Photos too dark or too bright for an encoder: brightened before it looks, and put back after the edit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from latentlab.core.shapes import Images

USUAL = (0.22, 0.8)
"""Median brightness of a face, 0 to 1, that encoders are used to: a photo inside is left as it is."""
WANTED = 0.45
"""What a face outside is taken to."""
MOST = 16.0
"""Largest gain: a black picture stays black, and noise is not made into a face."""
FURTHEST = (0.4, 2.5)
"""Exponents are kept in here."""
MIDDLE = (0.3, 0.75)
"""Rows and columns of an aligned face, as shares of its side, in which there is mostly skin."""


@dataclass(frozen=True)
class Exposure:
    """A curve x → (gain x)^exponent on brightness in 0..1. It is exactly undone, so an edit made under it is put back."""

    gain: float = 1.0
    """What takes the brightest pixel to white."""
    exponent: float = 1.0
    """What takes the middle of the face to a usual brightness after it."""

    @property
    def usual(self) -> bool:
        """Whether the photo is left as it is."""
        return self.gain == self.exponent == 1.0

    def stretched(self, images: Images) -> Images:
        """Pictures [n 3 s s] in [-1, 1] as the encoder should see them."""
        return images if self.usual else _pictures((_shares(images) * self.gain).pow(self.exponent))

    def restored(self, images: Images) -> Images:
        """What was made of stretched pictures, in the photo's own exposure."""
        return images if self.usual else _pictures(_shares(images).pow(1 / self.exponent) / self.gain)


USUAL_EXPOSURE = Exposure()


def exposure_of(aligned: Images) -> Exposure:
    """The curve that an aligned face [1 3 s s] in [-1, 1] needs; most need none."""
    shares = _shares(aligned.float())
    first, last = (round(share * aligned.shape[-1]) for share in MIDDLE)
    median = float(shares[..., first : max(last, first + 1), first : max(last, first + 1)].mean(1).median())
    if USUAL[0] <= median <= USUAL[1]:
        return USUAL_EXPOSURE
    gain = round(min(1 / max(float(shares.max()), 1 / MOST), MOST), 4) if median < USUAL[0] else 1.0
    median = min(max(gain * median, 1e-3), 1 - 1e-3)
    exponent = 1.0 if USUAL[0] <= median <= USUAL[1] else math.log(WANTED) / math.log(median)
    return Exposure(gain, round(min(max(exponent, FURTHEST[0]), FURTHEST[1]), 4))


def exposure_from(story: Mapping[str, object]) -> Exposure:
    """What the story of an inversion says of it; nothing, or what is no such curve, is the usual one."""
    match story.get("exposure"):
        case [float() | int() as gain, float() | int() as exponent]:
            if 1 <= gain <= MOST and FURTHEST[0] <= exponent <= FURTHEST[1]:
                return Exposure(float(gain), float(exponent))
    return USUAL_EXPOSURE


def _shares(images: Tensor) -> Tensor:
    return ((images + 1) / 2).clamp(0, 1)


def _pictures(shares: Tensor) -> Tensor:
    return shares.clamp(0, 1) * 2 - 1
