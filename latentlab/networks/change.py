"""A translator's answer as a change of the picture that went in: colours need not be learned before anything else is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentlab.core.shapes import Images

SMALL = 0.1


def changed(seen: Tensor, change: Images) -> Images:
    """The picture, the first channels of [n c h w], with the change, in [-1, 1]."""
    return (seen[:, : change.shape[1]] + change).clamp(-1, 1)


@torch.no_grad()
def begin_small(last: nn.Module) -> None:
    """A tenth of the last layer's fresh weights: at first the picture hardly changes."""
    last.weight.mul_(SMALL)  # type: ignore[operator]
