"""A training's state small enough to travel: weights in fp16, averaged pairs as differences, factored second moments.

Going on from it is not bit for bit the training that was left, but as good: rounding is far below a step of the
optimizer, and second moments keep the means of their rows and columns (Shazeer and Stern 2018, Adafactor).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic, make_folder
from latentlab.training.errors import OtherArchitecture
from latentlab.training.trainer import Trainer

LARGEST = 16 * 2**20 - 2**16
"""Bytes in a file: 16 MiB less what its header may take."""


def save_compact(
    trainer: Trainer, folder: Path, pairs: Mapping[str, str], most: int = 8, left_out: Sequence[str] = ()
) -> list[Path]:
    """Write at most `most` files of at most 16 MiB; `pairs` names networks kept as a difference from another one.

    Networks that are `left_out` have done their part; they begin anew where the state is read.

    Raises:
        BadInput: the state does not fit.
    """
    optimizers = {name: one for name, one in trainer.optimizers.items() if name not in left_out}
    tensors = {**_weights(trainer, pairs, left_out), **_moments(optimizers)}
    shards = _deal(tensors)
    if len(shards) > most:
        size = sum(value.nbytes for value in tensors.values()) / 2**20
        raise BadInput(
            f"the state of {size:.0f} MiB does not fit into {most} files of 16 MiB; choose a smaller network"
        )
    make_folder(folder)
    story = {
        **trainer.story,
        "step": trainer.step,
        "batch": trainer.schedule.batch,
        "pairs": dict(pairs),
        "shards": len(shards),
        "left_out": list(left_out),
    }
    paths = []
    for index, shard in enumerate(shards):
        paths.append(folder / f"state-{index}.safetensors")
        with atomic(paths[-1], own=True) as temporary:
            save_file(shard, temporary, {"story": json.dumps(story), "index": str(index)})
    return paths


def load_compact(trainer: Trainer, folder: Path) -> bool:
    """Put a saved state into a training that has begun; False where the folder holds none.

    Raises:
        BadFile: a file is missing, damaged, or of another leg.
        OtherArchitecture: it belongs to other networks.
    """
    paths = sorted(Path(folder).glob("state-*.safetensors"))
    if not paths:
        return False
    tensors: dict[str, Tensor] = {}
    stories = set()
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                stories.add((file.metadata() or {}).get("story", "{}"))
                tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise BadFile(f"cannot read {path}: {error}; carry all files of the last leg along") from None
    story = json.loads(min(stories))
    if len(stories) != 1 or len(paths) != story.get("shards"):
        raise BadFile(
            f"{folder} holds {len(paths)} files of a state of {story.get('shards')}, or files of two legs; carry one leg's"
        )
    _fill_weights(trainer, tensors, story, folder)
    _fill_moments(trainer.optimizers, tensors, story["step"])
    if story["batch"] != trainer.schedule.batch:
        raise BadInput(f"{folder} was trained with a batch of {story['batch']}, not {trainer.schedule.batch}")
    trainer.step = story["step"]
    trainer.story |= {
        key: value
        for key, value in story.items()
        if key not in {"step", "batch", "pairs", "shards", "left_out"}
    }
    return True


def _weights(trainer: Trainer, pairs: Mapping[str, str], left_out: Sequence[str]) -> dict[str, Tensor]:
    kept: dict[str, Tensor] = {}
    for network, module in trainer.networks.items():
        if network in left_out:
            continue
        other = trainer.networks[pairs[network]].state_dict() if network in pairs else {}
        for name, value in module.state_dict().items():
            value = value.detach().cpu().contiguous()
            key = f"{network}/{name}"
            if name in other and value.ndim >= 2:
                gap = value - other[name].detach().cpu().half().float()  # what the other will be read back as
                scale = (gap.abs().max() / 127).clamp_min(1e-12)
                kept |= {f"gap/{key}": (gap / scale).round().to(torch.int8), f"scale/{key}": scale}
            else:
                kept[f"value/{key}"] = (
                    value.half() if value.dtype == torch.float32 and value.ndim >= 2 else value
                )
    return kept


def _fill_weights(
    trainer: Trainer, tensors: Mapping[str, Tensor], story: Mapping[str, Any], folder: Path
) -> None:
    for network, module in trainer.networks.items():
        if network in story["left_out"]:
            continue
        state = module.state_dict()
        read: dict[str, Tensor] = {}
        for name, value in state.items():
            key = f"{network}/{name}"
            if f"value/{key}" in tensors:
                read[name] = tensors[f"value/{key}"].to(value.dtype)
            elif f"gap/{key}" in tensors:
                base = tensors[f"value/{story['pairs'][network]}/{name}"].float()
                read[name] = base + tensors[f"gap/{key}"].float() * tensors[f"scale/{key}"]
            if name not in read or read[name].shape != value.shape:
                raise OtherArchitecture(
                    f"{folder} belongs to another architecture: see '{network}.{name}'; use its own recipe"
                )
        module.load_state_dict(read)


def _moments(optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    kept: dict[str, Tensor] = {}
    for name, optimizer in optimizers.items():
        for index, entries in optimizer.state_dict()["state"].items():
            square = entries["exp_avg_sq"].detach().float().cpu()
            key = f"moment/{name}/{index}/"
            if square.ndim >= 2:
                flat = square.flatten(1)
                kept |= {f"{key}rows": flat.mean(1), f"{key}columns": flat.mean(0)}
            else:
                kept[f"{key}whole"] = square.contiguous()
    return kept


def _fill_moments(optimizers: Mapping[str, Optimizer], tensors: Mapping[str, Tensor], step: int) -> None:
    for name, optimizer in optimizers.items():
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for index, parameter in enumerate(parameters):
            key = f"moment/{name}/{index}/"
            if f"{key}whole" in tensors:
                square = tensors[f"{key}whole"]
            elif f"{key}rows" in tensors:
                rows, columns = tensors[f"{key}rows"], tensors[f"{key}columns"]
                square = rows[:, None] * columns / rows.mean().clamp_min(1e-30)
            else:
                continue
            optimizer.state[parameter] = {
                "step": torch.tensor(float(step)),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter).copy_(square.reshape(parameter.shape)),
            }


def _deal(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Tensors in as few shards as fit, the largest first."""
    shards: list[dict[str, Tensor]] = []
    sizes: list[int] = []
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].nbytes, item[0])):
        room = 200 + value.nbytes  # the header tells each tensor's name, type, shape and place
        place = next((i for i, size in enumerate(sizes) if size + room <= LARGEST), len(shards))
        if place == len(shards):
            shards.append({})
            sizes.append(0)
        shards[place][name] = value.contiguous()
        sizes[place] += room
    return shards
