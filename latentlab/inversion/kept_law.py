"""The law of w on disk: drawing and decomposing ten thousand w takes a second, reading what came of it a hundredth."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.errors import LatentLabError
from latentlab.core.places import cache_folder
from latentlab.store.archive import Archive

if TYPE_CHECKING:
    from latentlab.inversion.statistics import WStatistics

KIND = "law of w"


def read_law(kind: type[WStatistics], model: str, like: torch.Tensor) -> WStatistics | None:
    """What an earlier process measured of this network, in the type and on the device of `like`; None without it."""
    try:
        archive = Archive.load(_place(model), KIND, finite=True)
        told: dict[str, Any] = {part.name: archive.tensors[part.name].to(like) for part in fields(kind)}
    except (LatentLabError, KeyError):
        return None
    return kind(**told | {name: float(value) for name, value in told.items() if value.ndim == 0})


def keep_law(law: WStatistics, model: str) -> None:
    """Write it where the cache can be written."""
    tensors = {part.name: torch.as_tensor(getattr(law, part.name)) for part in fields(law)}
    with suppress(OSError, LatentLabError):
        _place(model).parent.mkdir(parents=True, exist_ok=True)
        Archive(KIND, tensors, {"model": model}).save(_place(model))


def _place(model: str) -> Path:
    return cache_folder() / "laws" / f"{model}.safetensors"
