"""What a synthesis leaves behind for its gradient, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from latentlab.networks.plan import Layer


@dataclass(eq=False)
class Trace:
    """One modulated convolution as it was computed."""

    layer: Layer
    output: Tensor
    """[n c h w] after the activation, before the styles of the next layer."""
    noise: Tensor | None
    """[n or 1, h, w]."""
    colours: bool
    """Whether the image takes colours from here."""
    shut: Tensor | None
    """Where the clamp shut those colours, [n k h w]; None where nothing is clamped."""
