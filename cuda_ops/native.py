"""The native kernels: those that came with the package, else built beside the first command, else absent with one warning."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cuda_ops import build, cache
from cuda_ops.background import Background, announcement
from cuda_ops.errors import BadArgument
from cuda_ops.order import HERE

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


COMING = Loaded(None, "", "the kernels are being built beside this process", "")
_loaded: dict[str, Loaded] = {}
_coming: dict[str, Background] = {}
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
    """The native operators for the device of x, or None where the reference is to run: also while they are being built."""
    wish = choice()
    if wish == "reference" or x.device.type not in ("cpu", "cuda"):
        return None
    kernels = (load if wish == "native" else ready)(x.device.type).kernels
    if kernels is None and _demand and wish == "native":
        raise NativeMissing(f"{operator}: {load(x.device.type).reason}")
    return kernels


def load(device: str, watch: build.Watch | None = None) -> Loaded:
    """Load the kernels for "cpu" or "cuda", waiting for a build if need be; never raises, warns once."""
    return _loaded.get(device) or _settle(device, lambda: build.build(device, watch))


def ready(device: str) -> Loaded:
    """The same without waiting: a build that is needed runs beside this process, and one line says so when it begins."""
    if known := _loaded.get(device):
        return known
    with _loading:
        if device in _coming and not _coming[device].is_over():
            return COMING
        return _settle(device, lambda: _send_for(device))


def forget() -> None:
    """Look for the kernels again at the next call (a library that is loaded stays loaded)."""
    with _loading:
        _coming.clear()
        for device in [name for name, entry in _loaded.items() if entry.kernels is None]:
            del _loaded[device]


def _send_for(device: str) -> None:
    """Begin a build beside this process; one that ended without a library is not begun again."""
    if device in _coming:
        raise build.BuildFailed(f"the build beside this process ended without a library; {build.ADVICE}")
    _coming[device] = Background(device)
    log.warning("%s", announcement(device))


def _settle(device: str, missing: Callable[[], build.Found | None]) -> Loaded:
    """Load what is there, else what `missing` gets; remembered unless it is on its way."""
    with _loading:
        if known := _loaded.get(device):
            return known
        try:
            entry = _first_that_loads(device) or _opened(device, missing())
        except build.BuildFailed as failure:
            entry = Loaded(None, "", str(failure), "")
        except Exception as failure:
            reason = f"the kernels do not load ({one_line(failure)}); {build.ADVICE}"
            entry = Loaded(None, "", reason, "")
        if entry is not COMING:
            _loaded[device] = entry
        if entry.kernels is None and entry is not COMING:
            log.warning(
                "native %s operators are off, the slower PyTorch path is used: %s", device, entry.reason
            )
        return entry


def _first_that_loads(device: str) -> Loaded | None:
    """Of the libraries that are there; one in the cache that does not load is removed, so that it is built again."""
    for look in (build.packaged, build.kept):
        found = look(device)
        try:
            if found is not None:
                return _opened(device, found)
        except OSError:
            if found is not None and found.origin == "cache":
                build.clean(device)
    return None


def _opened(device: str, found: build.Found | None) -> Loaded:
    if found is None:
        return COMING
    cache.load(found.path, HERE if found.origin == "prebuilt" else None)
    kernels = getattr(torch.ops, f"latentlab_{device}")
    _ = kernels.bias_act.default  # the library registered what it should
    return Loaded(kernels, found.origin, "", str(found.path))


def one_line(failure: object, limit: int = 200) -> str:
    """The first telling line of an error."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    text = lines[0] if lines else type(failure).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
