"""What is new in an edited picture: glasses, a beard, teeth; the generator draws it, in the photo's colours."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.editing.transfer.colour import blurred

NEW = 0.16
"""Differences in structure ([-1, 1] scale) well above this are something new."""
TINT = 6.0
"""Width over which the photo's colours are taken, at 128 pixels."""


def novelty(after: Images, moved: Images, colour: Tensor) -> Tensor:
    """1 where the edited picture shows what the moved and tinted one does not: [1 1 s s]."""
    apart = (after - moved - colour).square().mean(1, keepdim=True)
    return 1 - torch.exp(-blurred(apart, 0.8) / NEW**2)


def new_picture(after: Images, moved: Images, moved_photo: Images, trusted: Tensor) -> Images:
    """The edited picture in the tint of the photo, as far as it can be seen around: [1 3 s s]."""
    weight = blurred(trusted, TINT)
    tint = blurred((moved_photo - moved) * trusted, TINT) / weight.clamp_min(1e-3)
    return after + tint * (weight / 0.2).clamp(max=1)
