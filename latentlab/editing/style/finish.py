"""From a style's small picture to one of the photo's size, in the photo's colours where they are kept."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d

from latentlab.core.shapes import Images
from latentlab.editing.makeup.colour import from_lab, to_lab
from latentlab.editing.style.filters import gaussian
from latentlab.networks.regressor import fit_to

SHOCKS = 3
"""Steps of the filter that makes soft edges hard, for each doubling of the size."""


def coloured(styled: Images, photo: Images) -> Images:
    """The styled face [1 3 s s] in the broad colours of the photo, whatever size that has; lines and tones are the style's."""
    width = styled.shape[-1] / 16
    own, wanted = (
        torch.from_numpy(to_lab(fit_to(x.float(), styled.shape[-1]))).permute(2, 0, 1)[None]
        for x in (styled, photo)
    )
    change = gaussian(wanted - own, width)
    change[:, 0] *= 0.6
    return from_lab((own + change)[0].permute(1, 2, 0).numpy()).to(styled).clamp(-1, 1)


def enlarged(styled: Images, size: int) -> Images:
    """A larger picture with firm edges: doubled, and each time sharpened by a shock filter (Osher and Rudin 1990)."""
    while styled.shape[-1] < size:
        styled = shocked(fit_to(styled, min(2 * styled.shape[-1], size)), SHOCKS)
    return fit_to(styled, size).clamp(-1, 1)


def shocked(images: Images, steps: int) -> Images:
    """Every pixel flows to the darker or lighter side of the edge that it is on, until edges are a pixel wide."""
    for _ in range(steps):
        soft = gaussian(images, 2.0).mean(1, keepdim=True)
        bend = avg_pool2d(torch.nn.functional.pad(soft, (1,) * 4, mode="replicate"), 3, 1) - soft
        up = torch.nn.functional.max_pool2d(images, 3, 1, 1)
        down = -torch.nn.functional.max_pool2d(-images, 3, 1, 1)
        push = 0.25 * torch.tanh(bend / 0.01)  # above 0 in valleys: they deepen
        images = images + push.clamp_min(0) * (down - images) - push.clamp_max(0) * (up - images)
    return images
