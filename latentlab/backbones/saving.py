"""From a training to files that anyone can load: one safetensors file for each network, with the story of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.networks.build import export
from latentlab.store.archive import Archive

PARTS = {"G_ema": "generator", "D": "discriminator", "E": "encoder", "encoder": "encoder"}
"""Networks of a training that are worth a file, and the file's name."""

KEPT = ("mean", "spread", "running_mean", "running_var")
"""Endings of names whose tensors are statistics: few numbers, and exact ones."""


def archive(network: nn.Module, story: Mapping[str, object], *, half: bool = False) -> Archive:
    """A network as a file; with `half`, floating tensors in fp16, half the size."""
    kind, arguments, tensors = export(network)
    if half:
        tensors = halved(tensors)
    return Archive(kind, tensors, {**story, "arguments": arguments})


def save_networks(
    networks: Mapping[str, nn.Module], folder: Path, story: Mapping[str, Any], *, half: bool = False
) -> dict[str, Path]:
    """Write each network that has a file name; returns the files by part."""
    files = {}
    for part, name in PARTS.items():
        if part in networks and hasattr(networks[part], "recipe"):
            files[part] = archive(networks[part], {**story, "part": part}, half=half).save(
                folder / f"{name}.safetensors"
            )
    return files


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, single-precision weights in fp16.

    Raises:
        BadInput: a weight that fp16 cannot hold.
    """
    found = {}
    for name, value in tensors.items():
        heavy = value.dtype == torch.float32 and value.numel() > 1 and not name.endswith(KEPT)
        found[name] = value.half() if heavy else value
        if heavy and not torch.isfinite(found[name]).all():
            raise BadInput(
                f"'{name}' does not fit into fp16 (largest value {float(value.abs().max()):g}); ship it as it is"
            )
    return found
