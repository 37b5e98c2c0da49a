"""What an inverter brings back: a latent, its picture, how far it is from the photo, and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from latentlab.core.latent import Latent
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot


@dataclass(frozen=True, eq=False)
class Inversion:
    """A batch of inverted faces."""

    latent: Latent
    image: Tensor
    """The reconstructions, [n 3 h w] in [-1, 1]."""
    error: Tensor
    """Mean squared error of each reconstruction at the generator's resolution, [n], on the [-1, 1] scale."""
    noise: Noise = FIXED
    pivot: Pivot | None = None
    measures: Mapping[str, Tensor] = field(default_factory=dict)
    """Further distances by name, each [n]."""
    seconds: float = 0.0
    steps: int = 0
    method: str = ""
    """`repr` of the inverter."""
    model: str = ""
    """Hash of the generator."""
