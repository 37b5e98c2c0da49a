"""Loose tensors in other people's files: published directions (`.npy`, `.pt`) and the like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.mapped import map_file
from latentlab.store.bridge.read import unpickle
from latentlab.store.bridge.records import NumpyArray, StridedTensor


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """The tensors of a `.npy`, `.npz` or torch file by name ("" for a bare one); nothing in it is executed."""
    path = Path(path)
    data = map_file(path)
    head = bytes(data[:6])
    try:
        if head == b"\x93NUMPY":
            found: dict[str, Tensor] = {"": _from_numpy(np.load(path, allow_pickle=False))}
        elif head[:4] == b"PK\x03\x04" and path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                found = {name: _from_numpy(arrays[name]) for name in arrays.files}
        else:
            found = _take(unpickle(data, budget := Budget(tensor_bytes=4 * len(data) + (64 << 20))), budget)
    except BadFile as error:
        raise BadFile(f"cannot read {path}: {error}") from None
    except Exception as error:  # numpy's reader raises many types on a damaged file
        raise BadFile(f"cannot read {path}: {' '.join(str(error).split())[:120]}") from None
    return found


def _from_numpy(array: np.ndarray) -> Tensor:
    if array.dtype.kind not in "fiub" or array.dtype.byteorder == ">":
        raise BadFile(f"it holds an array of the type {array.dtype}, no numbers")
    return torch.from_numpy(np.array(array, dtype=np.float32 if array.dtype.kind == "f" else None))


def _take(found: object, budget: Budget) -> dict[str, Tensor]:
    values = found if isinstance(found, dict) else {"": found}
    taken = {}
    for name, value in values.items():
        if isinstance(value, str | int | float | None) and name != "":
            continue  # a note beside the tensors, such as the name of a checkpoint
        if not isinstance(name, str) or not isinstance(value, StridedTensor | NumpyArray):
            raise BadFile(f"it holds a {type(value).__name__} under '{printable(name, 40)}', no tensor")
        taken[name] = value.take(budget)
    return taken
