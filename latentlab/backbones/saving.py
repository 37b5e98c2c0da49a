"""From a training to files that anyone can load: one safetensors file for each network, with the story of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from latentlab.networks.build import export
from latentlab.store.archive import Archive

PARTS = {"G_ema": "generator", "D": "critic", "E": "encoder", "encoder": "encoder"}
"""Networks of a training that are worth a file, and the file's name."""


def archive(network: nn.Module, story: Mapping[str, object], *, half: bool = False) -> Archive:
    """A network as a file; with `half`, floating tensors in fp16, half the size."""
    kind, arguments, tensors = export(network)
    if half:
        tensors = {name: _halved(value) for name, value in tensors.items()}
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


def _halved(value: Tensor) -> Tensor:
    return value.half() if value.dtype == torch.float32 and value.numel() > 1 else value
