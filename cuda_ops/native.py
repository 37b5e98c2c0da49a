"""The native kernels: prebuilt, else built on the first call, else absent with one warning."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cuda_ops.errors import BadArgument

log = logging.getLogger("cuda_ops")

CHOICES = ("auto", "reference", "native")


class NativeMissing(RuntimeError):
    """The native kernels were demanded and are not to be had on this machine."""


@dataclass(frozen=True)
class Loaded:
    """What became of the kernels for one kind of device."""

    kernels: Any
    """The loaded operators (a namespace of torch.ops), or None."""
    origin: str
    """Where they came from ("prebuilt", "cache", "built"), or "" without them."""
    reason: str
    """Why there are none, in one line; "" with them."""
    path: str
    """The library's file; "" without one."""


_loaded: dict[str, Loaded] = {}
_loading = threading.RLock()
_demand: list[str] = []


def choice() -> str:
    """auto, reference or native: the innermost `backend(...)`, else the environment's LATENTLAB_OPS, else auto."""
    if _demand:
        return _demand[-1]
    wish = os.environ.get("LATENTLAB_OPS", "auto").strip().lower() or "auto"
    return wish if wish in CHOICES else "auto"


@contextmanager
def backend(name: str) -> Iterator[None]:
    """Force "reference" or "native" (an error where it is missing), or go back to "auto", for the whole process."""
    if name not in CHOICES:
        raise BadArgument(f"backend: no backend is called '{name}' (known: {', '.join(CHOICES)})")
    _demand.append(name)
    try:
        yield
    finally:
        _demand.pop()


def kernels_for(x: Tensor, operator: str) -> Any:
    """The native operators for the device of x, or None where the reference is to run."""
    wish = choice()
    if wish == "reference" or x.device.type not in ("cpu", "cuda"):
        return None
    kernels = load(x.device.type).kernels
    if kernels is None and _demand and wish == "native":
        raise NativeMissing(f"{operator}: {load(x.device.type).reason}")
    return kernels


def load(device: str) -> Loaded:
    """Load, building if need be, the kernels for "cpu" or "cuda"; never raises, warns once."""
    known = _loaded.get(device)
    if known is not None:
        return known
    with _loading:
        if device not in _loaded:
            _loaded[device] = _load(device)
        return _loaded[device]


def forget() -> None:
    """Look for the kernels again at the next call (a library that is loaded stays loaded)."""
    with _loading:
        for device in [name for name, entry in _loaded.items() if entry.kernels is None]:
            del _loaded[device]


def _load(device: str) -> Loaded:
    from cuda_ops import build, cache

    try:
        found = build.find_or_build(device)
        cache.load(found.path, packaged=found.origin == "prebuilt")
        kernels = getattr(torch.ops, f"latentlab_{device}")
        _ = kernels.bias_act.default  # the library registered what it should
        return Loaded(kernels, found.origin, "", str(found.path))
    except build.BuildFailed as failure:
        reason = str(failure)
    except Exception as failure:
        reason = f"the kernels do not load ({one_line(failure)}); run: python -m cuda_ops.doctor --rebuild"
    log.warning("native %s operators are off, the slower PyTorch path is used: %s", device, reason)
    return Loaded(None, "", reason, "")


def one_line(failure: object, limit: int = 200) -> str:
    """The first telling line of an error."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    text = lines[0] if lines else type(failure).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
