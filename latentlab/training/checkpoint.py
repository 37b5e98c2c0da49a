"""A training's whole state in one safetensors file: networks, optimizers, counters; nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from latentlab.core.errors import BadFile
from latentlab.core.files import atomic
from latentlab.training.errors import DiskFull, OtherArchitecture

STORY = "training"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Tensors by flat name, and what JSON can hold."""

    tensors: Mapping[str, Tensor]
    story: Mapping[str, object] = field(default_factory=dict)

    def save(self, path: Path) -> Path:
        """Write it whole or not at all."""
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in self.tensors.items()}
        try:
            with atomic(path, own=True) as temporary:
                save_file(tensors, temporary, {STORY: json.dumps(self.story, sort_keys=True)})
        except (OSError, SafetensorError, BadFile) as error:
            raise DiskFull(
                f"{error}; free some disk space and resume: earlier checkpoints are kept"
            ) from None
        return path

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Checkpoint:
        """Read one that `save` wrote; raises BadFile where it is damaged or something else."""
        try:
            with safe_open(path, framework="pt", device=str(device)) as file:
                story = json.loads((file.metadata() or {})[STORY])
                return cls({name: file.get_tensor(name) for name in file.keys()}, story)  # noqa: SIM118
        except FileNotFoundError:
            raise BadFile(f"there is no checkpoint {path}") from None
        except (SafetensorError, KeyError, ValueError, OSError) as error:
            raise BadFile(
                f"cannot read {path} as a training checkpoint: {error}; is the file whole?"
            ) from None


def collect(
    networks: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer]
) -> tuple[dict[str, Tensor], dict[str, object]]:
    """Tensors and JSON of everything that has to survive."""
    tensors = {
        f"network/{name}/{key}": value
        for name, net in networks.items()
        for key, value in net.state_dict().items()
    }
    groups: dict[str, object] = {}
    for name, optimizer in optimizers.items():
        state = optimizer.state_dict()
        groups[name] = state["param_groups"]
        for index, entries in state["state"].items():
            tensors |= {
                f"optimizer/{name}/{index}/{key}": torch.as_tensor(value) for key, value in entries.items()
            }
    return tensors, groups


RATES = ("lr", "betas", "weight_decay")
"""What of an optimizer follows from the settings, not from the checkpoint."""


def restore(
    checkpoint: Checkpoint,
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    source: Path | str = "the checkpoint",
) -> None:
    """Put the tensors back into networks and optimizers; raises OtherArchitecture before anything is changed.

    The optimizers' rates stay those they were made with, so that a training can go on with a lower one.
    """
    parts = {name: _below(checkpoint.tensors, f"network/{name}/") for name in networks}
    for name, network in networks.items():
        _check(name, network.state_dict(), parts[name], source)
    groups: Any = checkpoint.story.get("optimizers", {})
    for name in optimizers:
        if name not in groups:
            raise OtherArchitecture(
                f"{source} has no optimizer for '{name}'; resume with the settings it was begun with"
            )
    for name in groups:
        if name not in optimizers:  # its weights would be gone with the next checkpoint
            raise OtherArchitecture(
                f"{source} also taught '{name}', which these settings leave out; resume with the settings it was begun with"
            )
    for name, network in networks.items():
        network.load_state_dict(parts[name])
    for name, optimizer in optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(checkpoint.tensors, f"optimizer/{name}/").items():
            index, _, entry = key.partition("/")
            state.setdefault(int(index), {})[entry] = value
        made = [{key: group[key] for key in RATES if key in group} for group in optimizer.param_groups]
        optimizer.load_state_dict({"state": state, "param_groups": groups[name]})
        for group, rates in zip(optimizer.param_groups, made, strict=True):
            group.pop("full_lr", None)
            group.update(rates)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _check(name: str, expected: Mapping[str, Tensor], seen: Mapping[str, Tensor], source: Path | str) -> None:
    for key, value in expected.items():
        if key not in seen:
            raise OtherArchitecture(
                f"{source} belongs to another architecture: its network '{name}' has no '{key}'; "
                "resume with the settings it was begun with, or start in another folder"
            )
        if seen[key].shape != value.shape:
            raise OtherArchitecture(
                f"{source} belongs to another architecture: '{name}.{key}' has the shape {tuple(seen[key].shape)}, "
                f"these settings need {tuple(value.shape)}; resume with the settings it was begun with"
            )
    extra = sorted(set(seen) - set(expected))
    if extra:
        raise OtherArchitecture(
            f"{source} belongs to another architecture: its network '{name}' also has '{extra[0]}'; "
            "resume with the settings it was begun with"
        )
