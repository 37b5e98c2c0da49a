"""Which number format a block computes in: published fp16 layers on a GPU, bf16 when asked, else what the input has."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Mixed(Protocol):
    """A network with half-precision layers near its image."""

    resolution: int
    half_resolutions: int
    compute_dtype: torch.dtype | None


def asked_dtype(network: Mixed, like: Tensor) -> torch.dtype | None:
    """`compute_dtype` of the network, else that of an enclosing torch.autocast, else None."""
    if like.dtype == torch.float64:
        return torch.float64
    if network.compute_dtype is not None:
        return network.compute_dtype
    if torch.is_autocast_enabled(like.device.type):
        return torch.get_autocast_dtype(like.device.type)
    return None


def block_dtype(network: Mixed, resolution: int, like: Tensor) -> torch.dtype:
    """bf16 serves every block; fp16, whose range is short, only the `half_resolutions` largest ones."""
    asked = asked_dtype(network, like)
    if asked in (torch.bfloat16, torch.float32, torch.float64):
        return asked
    if asked is None and like.device.type != "cuda":
        return torch.float32
    half = resolution * 2**network.half_resolutions > network.resolution
    return torch.float16 if half else torch.float32


def cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    """x in the format of its block; half precision on a GPU goes channels_last, which its tensor cores want."""
    if x.device.type == "cuda" and dtype in (torch.float16, torch.bfloat16):
        return x.to(dtype=dtype, memory_format=torch.channels_last)
    return x.to(dtype)
