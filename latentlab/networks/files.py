"""Networks as files of ours: the kind and its arguments in the story, the weights as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput
from latentlab.networks.build import KINDS, build, export
from latentlab.store.archive import Archive

KEPT = ("mean", "spread", "running_mean", "running_var")
"""Endings of names whose tensors are statistics: few numbers, and exact ones."""


def archive(network: nn.Module, story: Mapping[str, object], *, half: bool = False) -> Archive:
    """A network as a file in memory; with `half`, floating tensors in fp16, half the size."""
    kind, arguments, tensors = export(network)
    return Archive(kind, halved(tensors) if half else tensors, {**story, "arguments": arguments})


def save(network: nn.Module, path: Path | str, story: Mapping[str, object], *, half: bool = False) -> Path:
    """Write any network that `build` made; returns the file."""
    return archive(network, story, half=half).save(path)


def load(path: Path | str, device: torch.device | str = "cpu") -> nn.Module:
    """The network of such a file, in eval mode and frozen.

    Raises:
        BadFile: no file of ours, another thing than a network, or tensors that were changed.
        BadWeights: tensors that do not fit the arguments.
    """
    file = Archive.load(path)
    arguments = file.story.get("arguments")
    if file.kind not in KINDS or not isinstance(arguments, dict):
        raise BadFile(f"{path} holds a '{file.kind[:40]}', not a network; name the file of one")
    return build(file.kind, arguments, file.tensors).to(device)


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
