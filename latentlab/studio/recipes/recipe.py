"""The recipe in a picture: the command, the network by name and hash, what was asked, and what it was made with."""

from __future__ import annotations

import platform
from collections.abc import Mapping

import numpy as np
import torch

from latentlab.core.version import __version__
from latentlab.studio.lab import Lab
from latentlab.studio.recipes.data import as_data
from latentlab.studio.recipes.fields import FORM


def recipe(
    studio: Lab,
    command: str,
    request: object,
    ingredients: Mapping[str, object] | None = None,
    batch: int = 1,
) -> dict[str, object]:
    """What `latentlab replay` needs: the request as data and the hashes of all it names; no path, no name of a user."""
    told: dict[str, object] = {
        "command": command,
        "form": FORM,
        "network": {"name": studio.name, "hash": studio.generator.hash},
        "asked": as_data(request),
    }
    if ingredients:
        told["ingredients"] = dict(ingredients)
    return told | {"made": circumstances(studio) | {"batch": batch}}


def circumstances(studio: Lab) -> dict[str, object]:
    """All that can change the last bit of a pixel: versions, device, threads, the operators' backend."""
    device = studio.place
    return {
        "latentlab": __version__,
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
