"""The device that a name means."""

from __future__ import annotations

import torch

from latentlab.core.errors import BadInput, MissingPart


def find_device(name: str) -> torch.device:
    """`auto` (the GPU where there is one), `cpu`, `cuda` or `cuda:N` as a device that this machine has.

    Raises:
        BadInput: no such name.
        MissingPart: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise BadInput(f"'{name}' is no device; write auto, cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise MissingPart(
            "there is no CUDA device here (see: latentlab doctor); leave `device` out or write cpu"
        )
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MissingPart(f"there is no device {name}; this machine has {torch.cuda.device_count()}")
    return torch.device(name)
