"""Errors of the operators: one line that says what is wrong, what was seen and what to do."""

from __future__ import annotations

import torch


class BadArgument(ValueError):
    """An operator was given a value or a shape that it cannot work with."""


class BadTensor(TypeError):
    """An operator was given something that is not a tensor of a kind it knows."""


SUPPORTED = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def require_floating(operator: str, name: str, value: object) -> None:
    """Refuses what is not a floating point tensor of a supported type."""
    if not isinstance(value, torch.Tensor):
        raise BadTensor(f"{operator}: {name} is a {type(value).__name__}; pass a torch tensor")
    if value.dtype not in SUPPORTED:
        raise BadTensor(f"{operator}: {name} is {value.dtype}; pass float16, bfloat16, float32 or float64")


def require_images(operator: str, x: object) -> None:
    """Refuses what is not a floating point tensor [n c h w]."""
    require_floating(operator, "x", x)
    assert isinstance(x, torch.Tensor)
    if x.ndim != 4:
        raise BadArgument(f"{operator}: x has shape {list(x.shape)}; pass [n c h w]")


class BuildFailed(RuntimeError):
    """No library: one line with the reason and what to run."""


class Passing(BuildFailed):
    """For a reason that passes by itself, such as a full disk: worth another try."""
