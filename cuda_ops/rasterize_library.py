"""The CPU rasteriser as a small shared library of its own: no torch headers, compiled in a second by any C++ compiler."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path

from torch import Tensor

SOURCES = Path(__file__).parent / "kernels"
FLAGS = ("-O3", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC")
"""Contraction off, so that CPU and CUDA round alike."""


class Kernels:
    """The library's functions on tensors."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._rasterize = library.latentlab_rasterize_cpu
        self._interpolate = library.latentlab_interpolate_cpu
        self._rasterize.restype = self._interpolate.restype = None
        self._rasterize.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 5
        self._interpolate.argtypes = [ctypes.c_void_p] * 7 + [ctypes.c_int64] * 7

    def rasterize(self, positions: Tensor, triangles: Tensor, index: Tensor, depth: Tensor) -> None:
        """Fills index and depth, [n, height, width]."""
        n, height, width = index.shape
        tensors = (positions, triangles, index, depth)
        self._rasterize(
            *(t.data_ptr() for t in tensors), n, positions.shape[1], len(triangles), height, width
        )

    def interpolate(
        self, attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor, out: Tensor
    ) -> None:  # fmt: skip
        """Fills out, [p, channels]."""
        tensors = (attributes, corners, positions, triangles, index, pixels, out)
        _, height, width = index.shape
        sizes = (len(pixels), positions.shape[1], height, width, *attributes.shape)
        self._interpolate(*(t.data_ptr() for t in tensors), *sizes)


@cache
def cpu_kernels() -> Kernels | None:
    """The library, built on the first call and kept in the user's cache; None, with one warning, where no compiler is."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    try:
        return Kernels(ctypes.CDLL(str(_built(compiler))))
    except (OSError, subprocess.SubprocessError) as error:
        warnings.warn(
            f"the native rasteriser is not available ({error}); the plain PyTorch one draws the same, some twenty times slower",
            stacklevel=2,
        )
        return None


def _built(compiler: str | None) -> Path:
    text = b"".join((SOURCES / name).read_bytes() for name in ("rasterize.h", "rasterize_cpu.cpp"))
    key = hashlib.sha256(text + " ".join(FLAGS).encode()).hexdigest()[:16]
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(base) / "latentlab" / f"rasterize-{key}.so"
    if place.exists():
        return place
    if compiler is None:
        raise FileNotFoundError("no C++ compiler was found; install g++ or clang++")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        target = Path(folder) / place.name
        command = [compiler, *FLAGS, "-o", str(target), str(SOURCES / "rasterize_cpu.cpp")]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        os.replace(target, place)
    return place
