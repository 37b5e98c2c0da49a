"""Loose tensors in other people's files: latents and directions (`.npy`, `.npz`, `.pt`), nested or not."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import MOST_TENSORS, Budget, printable
from latentlab.store.bridge.mapped import map_file
from latentlab.store.bridge.numpy_file import MAGIC, read_npy, read_npz
from latentlab.store.bridge.read import unpickle
from latentlab.store.bridge.records import NumpyArray, StridedTensor

DEEPEST = 8
"""Dictionaries within dictionaries."""


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """The tensors of a `.npy`, `.npz` or torch file by name ("" for a bare one); nothing in it is executed.

    Those of a dictionary in a dictionary, or in a list, are called `outer.inner`; floating ones come as float32,
    integers stay integers. Raises BadFile.
    """
    path = Path(path)
    data = map_file(path)
    budget = Budget(tensor_bytes=64 * len(data) + (256 << 20))
    try:
        if bytes(data[:6]) == MAGIC:
            return _taken(read_npy(data, budget), budget)
        if bytes(data[:4]) == b"PK\x03\x04" and _is_npz(data, path):
            return _taken(read_npz(data, budget), budget)
        return _taken(unpickle(data, budget), budget)
    except BadFile as error:
        raise type(error)(f"cannot read {path}: {error}") from None
    except (MemoryError, RecursionError):
        raise BadFile(f"cannot read {path}: it needs more memory than this machine has") from None
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RuntimeError, struct.error) as error:
        reason = printable(" ".join(str(error).split()), 120)
        raise BadFile(f"cannot read {path}: its contents do not fit together ({reason})") from None


def _is_npz(data: memoryview, path: Path) -> bool:
    """A torch file is a zip too; it has `data.pkl`."""
    return path.suffix.lower() == ".npz" or b"data.pkl" not in bytes(data[:200])


def _taken(found: object, budget: Budget) -> dict[str, Tensor]:
    taken: dict[str, Tensor] = {}
    waiting: list[tuple[str, object, int]] = [("", found, 0)]
    seen = 0
    while waiting:
        name, value, depth = waiting.pop()
        seen += 1
        if seen > MOST_TENSORS or depth > DEEPEST:
            raise BadFile("its tensors nest deeper, or are more, than any such file needs")
        if isinstance(value, dict | list | tuple):
            budget.step(len(value))
            inner = list(value.items() if isinstance(value, dict) else enumerate(value))
            waiting += [
                (f"{name}.{key}" if name else _key(key), item, depth + 1) for key, item in reversed(inner)
            ]
        elif isinstance(value, StridedTensor | NumpyArray):
            taken[name] = value.take(budget)
        elif isinstance(value, np.ndarray):
            taken[name] = _tensor(value)
        elif name == "" or not isinstance(value, str | int | float | None):
            raise BadFile(f"it holds a {type(value).__name__} under '{printable(name, 40)}', no tensor")
    return taken


def _key(key: object) -> str:
    """A key of a dictionary, which is a plain value, as part of a name."""
    return printable(key, 80) if isinstance(key, str) else str(key)[:24]


def _tensor(array: np.ndarray) -> Tensor:
    """Contiguous, in this machine's byte order, floating numbers as float32."""
    kind = np.dtype(np.float32) if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
    if kind.kind == "u" and kind.itemsize > 1:
        kind = np.dtype(np.int64)
    return torch.from_numpy(np.array(array, dtype=kind, order="C", copy=True))
