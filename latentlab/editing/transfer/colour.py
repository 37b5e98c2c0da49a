"""What became of the colour beyond the movement: smooth, since pores and stubble are the photo's."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.shapes import Images

SMOOTH = 1.2
"""Width of the blur, at 128 pixels."""


def blurred(images: Tensor, width: float) -> Tensor:
    """Gaussian, [1 c s s]; the width counts at 128 pixels."""
    from scipy.ndimage import gaussian_filter

    reach = width * images.shape[-1] / 128
    return torch.from_numpy(np.stack([gaussian_filter(channel.numpy(), reach) for channel in images[0]]))[
        None
    ]


def colour_change(after: Images, moved: Images, trusted: Tensor) -> Tensor:
    """The change [1 3 s s] from the moved picture to the edited one, averaged over what can be trusted [1 1 s s]."""
    weight = blurred(trusted, SMOOTH)
    return blurred((after - moved) * trusted, SMOOTH) / weight.clamp_min(1e-3) * (weight / 0.2).clamp(max=1)
