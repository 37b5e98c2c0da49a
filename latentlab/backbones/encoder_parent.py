"""Beginning with an encoder that was trained for another generator, or for one pass, instead of from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput
from latentlab.store.archive import Archive

STEM = "input_layer.0.weight"
AVERAGE = "latent_avg"


def begin_with(encoder: nn.Module, path: Path | str) -> str:
    """Copy the weights of `path` into an encoder of the same size.

    Further styles begin as copies of the parent's last; channels of the stem that the parent lacks begin at zero. The
    average stays that of the new generator. Returns the parent's hash.

    Raises:
        BadFile: the file cannot be read.
        BadInput: another kind of network, or another size.
    """
    parent = Archive.load(path)
    kind = getattr(encoder, "kind", "")
    if parent.kind == "difference":
        raise BadInput(
            f"{path} holds what an encoder adds to its parent's; begin with a whole one: encoder.safetensors of a run, or the parent's"
        )
    if parent.kind != kind:
        raise BadInput(f"{path} holds a {parent.kind}, the training is of an {kind}; begin with another file")
    own = encoder.state_dict()
    encoder.load_state_dict({name: _fit(name, value, parent.tensors, path) for name, value in own.items()})
    return parent.hash


def _fit(name: str, own: Tensor, theirs: Mapping[str, Tensor], path: Path | str) -> Tensor:
    if name == AVERAGE:
        return own
    found = theirs.get(name)
    if found is None:
        found = theirs.get(_last_style(name, theirs))
    if found is not None and name == STEM and found.shape[1] < own.shape[1]:
        padded = torch.zeros_like(own)
        padded[:, : found.shape[1]] = found
        return padded
    if found is None or found.shape != own.shape:
        seen = "nothing" if found is None else tuple(found.shape)
        raise BadInput(
            f"{path} has {seen} for {name}, this encoder needs {tuple(own.shape)}; "
            "begin with an encoder of the same preset"
        )
    return found.to(own)


def _last_style(name: str, theirs: Mapping[str, Tensor]) -> str:
    """The same weight of the parent's last style head."""
    group, _, rest = name.partition(".")
    _, _, inner = rest.partition(".")
    heads = [int(key.split(".")[1]) for key in theirs if key.startswith("styles.")]
    return f"styles.{max(heads)}.{inner}" if group == "styles" and heads else ""
