"""The recipe in a picture: the command, the network by name and hash, what was asked, and what it was made with."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import latentlab
from latentlab.core.errors import BadFile

if TYPE_CHECKING:
    from latentlab.studio.studio import Studio


def recipe(studio: Studio, command: str, asked: Mapping[str, object], batch: int = 1) -> dict[str, object]:
    """What `latentlab replay` needs; holds no path and no name of a user."""
    return {
        "command": command,
        "network": {"name": studio.name, "hash": studio.generator.hash},
        "asked": dict(asked),
        "made": circumstances(studio) | {"batch": batch},
    }


def circumstances(studio: Studio) -> dict[str, object]:
    """All that can change the last bit of a pixel: versions, device, threads, the operators' backend."""
    device = studio.place
    return {
        "latentlab": latentlab.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "operators": backend(device),
    }


def backend(device: torch.device) -> str:
    """`native` or `reference`: which kernels of cuda_ops are live on this device."""
    from cuda_ops import native

    live = native.kernels_for(torch.zeros(1, device=device), "bias_act")
    return "reference" if live is None else "native"


_REQUIRED = object()


def field_of(
    asked: Mapping[str, object], name: str, kind: type | tuple[type, ...], default: Any = _REQUIRED
) -> Any:
    """One entry of an untrusted recipe, of the right type; `default` where it is not there."""
    value = asked.get(name, default)
    if value is _REQUIRED:
        raise BadFile(f"the recipe names no '{name}'; it is not one that latentlab wrote")
    if value is default:
        return value
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadFile(f"the recipe's '{name}' is {str(value)[:40]!r}, which it cannot be")
    return value


def numbers_of(asked: Mapping[str, object], name: str, largest: int) -> list[int]:
    """A list of numbers from 0 to `largest` in an untrusted recipe."""
    values = field_of(asked, name, list)
    if not 1 <= len(values) <= 10_000 or any(type(v) is not int or not 0 <= v <= largest for v in values):
        raise BadFile(f"the recipe's '{name}' is {str(values)[:40]}, which it cannot be (0 to {largest})")
    return values
