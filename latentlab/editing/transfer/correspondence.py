"""Where each point of the edited face was before: landmarks for the large movement, dense flow for the rest.

Iterative Lucas-Kanade (Le Besnerais & Champagnat 2005) of scikit-image, on pictures whose local contrast is normalised.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.core.warp import warp

REACH = 0.12
"""Width of a landmark's influence, as a share of the picture's side."""
RADIUS = 5
"""Half the window of the dense flow, at 128 pixels."""
SMOOTH = 2.0
"""Width of the blur of the flow, at 128 pixels."""


def correspondence(before: Images, after: Images, landmarks: tuple[Tensor, Tensor] | None) -> Tensor:
    """Pixels from each pixel of `after` [1 3 s s] to its place in `before`: [1 2 s s]."""
    from scipy.ndimage import gaussian_filter
    from skimage.registration import optical_flow_ilk

    size = after.shape[-1]
    start = torch.zeros(1, 2, size, size) if landmarks is None else spread(*landmarks, size)
    near = warp(before, start)
    down, right = optical_flow_ilk(_plain(after), _plain(near), radius=RADIUS, num_warp=4, gaussian=True)
    fine = torch.from_numpy(np.stack([right, down])).float()[None].clamp(-8, 8)
    flow = start_at(start, fine) + fine
    soft = [gaussian_filter(channel.numpy(), SMOOTH * size / 128) for channel in flow[0]]
    return torch.from_numpy(np.stack(soft))[None]


def start_at(start: Tensor, fine: Tensor) -> Tensor:
    """The first flow as it is found at the places to which the second one leads."""
    return warp(start, fine)


def spread(before: Tensor, after: Tensor, size: int) -> Tensor:
    """A smooth field through the landmarks' movements [68 2], dying away around them: [1 2 s s]."""
    along = torch.arange(size, dtype=torch.float32)
    places = torch.stack(torch.meshgrid(along, along, indexing="xy"), -1).view(-1, 1, 2)  # [s*s 1 2]
    apart = (places - after[None].float()).square().sum(-1)  # [s*s 68]
    weight = torch.exp(-apart / (2 * (REACH * size) ** 2))
    moved = weight @ (before - after).float() / (weight.sum(1, keepdim=True) + 0.5)
    return moved.T.reshape(1, 2, size, size)


def _plain(images: Images) -> np.ndarray:
    """Grey without light: minus the local mean, over the local deviation."""
    from scipy.ndimage import gaussian_filter

    grey = images[0].mean(0).numpy()
    width = grey.shape[-1] / 10
    flat = grey - gaussian_filter(grey, width)
    return flat / (np.sqrt(gaussian_filter(flat**2, width)) + 0.05)
