"""A network out of somebody else's file: what it is, how it was made, and its tensors; not yet a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from latentlab.core.errors import BadWeights


@dataclass(frozen=True, eq=False)
class Foreign:
    """`latentlab.networks.build(kind, arguments, tensors)` makes the module."""

    kind: str
    """`stylegan1`, `stylegan2`, `stylegan3`, `…_discriminator`, `encoder_e4e`, `encoder_psp`, `encoder_w`, `encoder_last`, `arcface`."""
    arguments: dict[str, object]
    """The constructor's arguments, JSON-able, defaults filled in."""
    tensors: dict[str, Tensor] = field(repr=False)
    """By state-dict name; contiguous, on the CPU, floating ones float32, independent of the file."""
    story: dict[str, object] = field(default_factory=dict)
    """Format, part and file name (no path)."""
    notes: tuple[str, ...] = ()
    """What was guessed, drawn or passed over while reading, one sentence each, for whoever uses it."""


def check_finite(tensors: Mapping[str, Tensor], what: str) -> None:
    """Raise BadWeights naming the first tensor with a NaN or an infinity."""
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise BadWeights(
                f"{what}: the tensor '{name}' holds NaN or infinite values; the file is damaged or diverged"
            )


def check_shape(tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...], what: str) -> None:
    """Raise BadWeights unless the tensor exists and has this shape."""
    if name not in tensors:
        raise BadWeights(
            f"{what}: the tensor '{name}' is missing; the file is incomplete or describes another network"
        )
    if tuple(tensors[name].shape) != shape:
        raise BadWeights(
            f"{what}: the tensor '{name}' has the shape {tuple(tensors[name].shape)}, "
            f"but the recorded arguments need {shape}; the file is inconsistent"
        )
