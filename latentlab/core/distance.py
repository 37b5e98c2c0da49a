"""How far pictures are from each other, pair by pair; every distance is named for what it is."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from latentlab.core.shapes import Images


class Distance(Protocol):
    """From two batches of pictures to a number for each pair, [n], differentiable."""

    @property
    def name(self) -> str:
        """What reports call it; never LPIPS unless it is."""

    def __call__(self, one: Images, other: Images, /) -> Tensor:
        """0 for the same picture."""
