"""Weights in 8 bits: each output channel of a tensor as integers from -127 to 127 and one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile

if TYPE_CHECKING:
    from torch import Tensor

MARK = "#scale"
"""What follows a tensor's name in that of its scales."""
HALF = "float16"
"""What is packed, and what comes out again: weights as they ship."""
SMALLEST = 1024
"""Numbers in a tensor that is worth it; biases and statistics stay exact."""


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Matrices and kernels in fp16 as 8-bit integers beside their scales [out], everything else as it is."""
    import torch

    found = dict(tensors)
    for name, value in tensors.items():
        if value.dtype is torch.float16 and value.ndim >= 2 and value.numel() >= SMALLEST:
            rows = value.float().flatten(1)
            scale = (rows.abs().amax(1) / 127).clamp_min(1e-12)
            found[name] = (rows / scale[:, None]).round().to(torch.int8).reshape(value.shape)
            found[f"{name}{MARK}"] = scale
    return found


def unpacked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `packed` was given, to within half a scale; BadFile where integers and scales do not belong together."""
    import torch

    found = {name: value for name, value in stored.items() if not name.endswith(MARK)}
    for name in stored.keys() - found.keys():
        whole, scale = found.get(name.removesuffix(MARK)), stored[name]
        if whole is None or whole.dtype is not torch.int8 or scale.dtype is not torch.float32:
            raise BadFile(f"'{name[:80]}' is no scale of 8-bit weights")
        if whole.ndim < 2 or scale.shape != whole.shape[:1]:
            raise BadFile(
                f"'{name[:80]}' has {tuple(scale.shape)} scales for weights of {tuple(whole.shape)}"
            )
        rows = whole.float().flatten(1) * scale[:, None]
        found[name.removesuffix(MARK)] = rows.half().reshape(whole.shape)
    return found
