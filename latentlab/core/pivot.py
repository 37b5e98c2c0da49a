"""A pivot: the low-rank weight differences that make a generator reproduce one photo (Roich et al. 2021, PTI)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from latentlab.core.errors import BadFile

STORED = torch.float16
"""Precision in a file; a pivot is rounded to it before its picture is shown, so a saved pivot renders equal pixels."""


@dataclass(frozen=True, eq=False)
class Pivot:
    """Passed to a synthesis as an argument, so that one loaded generator serves many pivots at once."""

    factors: Mapping[str, tuple[Tensor, Tensor]]
    """By layer name: U [out rank] and V [rank in·kh·kw]; the layer uses W + reshape(U·V)."""
    noise: Mapping[str, Tensor] = field(default_factory=dict)
    """Noise maps by layer name [h w], used wherever the noise source says `const`."""
    model: str = ""
    """Hash of the generator it belongs to."""

    def weight(self, layer: str, weight: Tensor) -> Tensor:
        """The weight a layer uses under this pivot: W + U·V, or W itself where the pivot does not touch it."""
        if layer not in self.factors:
            return weight
        up, down = self.factors[layer]
        return weight + (up @ down).reshape(weight.shape).to(weight.dtype)

    def tensors(self) -> dict[str, Tensor]:
        """Flat names for a file; `from_tensors` reads them back."""
        flat = {f"pivot.up.{name}": up for name, (up, _) in self.factors.items()}
        flat |= {f"pivot.down.{name}": down for name, (_, down) in self.factors.items()}
        return flat | {f"pivot.noise.{name}": value for name, value in self.noise.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], model: str = "") -> Pivot | None:
        """The pivot stored among the tensors of a file, or None where there is none."""
        names = [key.removeprefix("pivot.up.") for key in tensors if key.startswith("pivot.up.")]
        missing = [name for name in names if f"pivot.down.{name}" not in tensors]
        if missing:
            raise BadFile(
                f"the pivot is incomplete: layer '{missing[0]}' has U but no V; invert the photo again"
            )
        factors = {name: (tensors[f"pivot.up.{name}"], tensors[f"pivot.down.{name}"]) for name in names}
        noise = {
            k.removeprefix("pivot.noise."): v for k, v in tensors.items() if k.startswith("pivot.noise.")
        }
        return cls(factors, noise, model) if factors or noise else None

    def to(self, device: torch.device | str) -> Pivot:
        """The same pivot on another device."""
        factors = {name: (up.to(device), down.to(device)) for name, (up, down) in self.factors.items()}
        return Pivot(factors, {name: value.to(device) for name, value in self.noise.items()}, self.model)
