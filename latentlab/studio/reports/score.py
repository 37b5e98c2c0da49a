"""What a scorer reads on a face."""

from __future__ import annotations

import torch

from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.shelf import companions


@torch.no_grad()
def score(studio: Lab, image: Images) -> dict[str, float]:
    """The guide's scores of one picture [1 3 h w], by attribute, each in the guide's unit."""
    guide = companions.guide(studio)
    return dict(zip(guide.names, guide(image)[0].float().tolist(), strict=True))
