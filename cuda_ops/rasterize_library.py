"""The renderer's kernels as small libraries of their own: no torch headers, compiled in seconds by c++ or nvcc."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from cuda_ops import order
from cuda_ops.build import PREBUILT
from cuda_ops.cache import is_ours, is_packaged, private_folder
from cuda_ops.cache import load as load_checked
from cuda_ops.compilers import time_limit
from cuda_ops.errors import BuildFailed
from cuda_ops.native import choice

log = logging.getLogger("cuda_ops")

SOURCES = {
    "cpu": ("rasterize.h", "rasterize_cpu.cpp", "lookups_cpu.cpp"),
    "cuda": ("rasterize.h", "rasterize.cu"),
}
"""What the library of a device depends on; what is no header is compiled."""
FLAGS = {
    "cpu": ("-O3", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC"),
    "cuda": ("-O3", "-std=c++17", "--fmad=false", "-shared", "-Xcompiler", "-fPIC"),
}
"""No fused multiply-add, so that both kinds round alike."""
WIDE = ("-mavx2",)
"""Added on processors that have it; the same pixels."""


class Kernels(Protocol):
    """What a library does with tensors of its device."""

    def rasterize(self, positions: Tensor, triangles: Tensor, index: Tensor, depth: Tensor) -> None:
        """Fills index and depth, [n, height, width]."""

    def interpolate(
        self, attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor, out: Tensor
    ) -> None:  # fmt: skip
        """Fills out, [channels, p]."""


class CpuKernels:
    """rasterize_cpu.cpp and lookups_cpu.cpp; tensors are contiguous."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._rasterize, self._interpolate = (
            library.latentlab_rasterize_cpu,
            library.latentlab_interpolate_cpu,
        )
        self._rasterize.restype = self._interpolate.restype = None
        self._rasterize.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 5
        self._interpolate.argtypes = [ctypes.c_void_p] * 7 + [ctypes.c_int64] * 7
        self._sample, self._lit = library.latentlab_sample_cpu, library.latentlab_lit_cpu
        self._box_mean = library.latentlab_box_mean_cpu
        self._sample.restype = self._lit.restype = self._box_mean.restype = None
        self._sample.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64] * 3
        self._lit.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64] * 2
        self._box_mean.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 4

    def rasterize(self, positions: Tensor, triangles: Tensor, index: Tensor, depth: Tensor) -> None:
        n, height, width = index.shape
        tensors = (positions, triangles, index, depth)
        self._rasterize(
            *(t.data_ptr() for t in tensors), n, positions.shape[1], len(triangles), height, width
        )

    def interpolate(
        self, attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor, out: Tensor
    ) -> None:  # fmt: skip
        tensors = (attributes, corners, positions, triangles, index, pixels, out)
        _, height, width = index.shape
        sizes = (len(pixels), positions.shape[1], height, width, *attributes.shape)
        self._interpolate(*(t.data_ptr() for t in tensors), *sizes)

    def sample(self, table: Tensor, places: Tensor, out: Tensor, side: int) -> None:
        """Fills out, [channels, p]."""
        pointers = (t.data_ptr() for t in (table, places, out))
        self._sample(*pointers, places.shape[1], side, table.shape[1])

    def lit_share(self, height: Tensor, places: Tensor, out: Tensor) -> None:
        """Fills out, [p]; one map."""
        pointers = (t.data_ptr() for t in (height, places, out))
        self._lit(*pointers, places.shape[1], height.shape[-1])

    def box_mean(self, values: Tensor, out: Tensor, reach: int) -> None:
        """Fills out, [n, h, w]."""
        self._box_mean(values.data_ptr(), out.data_ptr(), *values.shape, reach)


class CudaKernels:
    """rasterize.cu, on the current stream of the tensors' device."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._rasterize, self._interpolate = (
            library.latentlab_rasterize_cuda,
            library.latentlab_interpolate_cuda,
        )
        self._rasterize.restype = self._interpolate.restype = ctypes.c_int
        self._rasterize.argtypes = [ctypes.c_void_p] * 6 + [ctypes.c_int64] * 5 + [ctypes.c_void_p]
        self._interpolate.argtypes = [ctypes.c_void_p] * 7 + [ctypes.c_int64] * 7 + [ctypes.c_void_p]

    def rasterize(self, positions: Tensor, triangles: Tensor, index: Tensor, depth: Tensor) -> None:
        n, height, width = index.shape
        vertices, device = positions.shape[1], positions.device
        grid = torch.empty(max(1, n * vertices * 3), dtype=torch.int32, device=device)
        keys = torch.zeros(n * height * width, dtype=torch.int64, device=device)
        tensors = (positions, triangles, index, depth, grid, keys)
        with torch.cuda.device(device):
            stream = torch.cuda.current_stream(device).cuda_stream
            pointers = (t.data_ptr() for t in tensors)
            _expect_none(self._rasterize(*pointers, n, vertices, len(triangles), height, width, stream))

    def interpolate(
        self, attributes: Tensor, corners: Tensor, positions: Tensor, triangles: Tensor, index: Tensor, pixels: Tensor, out: Tensor
    ) -> None:  # fmt: skip
        tensors = (attributes, corners, positions, triangles, index, pixels, out)
        _, height, width = index.shape
        sizes = (len(pixels), positions.shape[1], height, width, *attributes.shape)
        with torch.cuda.device(positions.device):
            stream = torch.cuda.current_stream(positions.device).cuda_stream
            _expect_none(self._interpolate(*(t.data_ptr() for t in tensors), *sizes, stream))


def _expect_none(error: int) -> None:
    if error:
        raise RuntimeError(f"the rasteriser's kernel failed with CUDA error {error}")


def kernels_for(positions: Tensor) -> Kernels | None:
    """The library for the device of the tensor, or None where the reference is to run."""
    device = positions.device.type
    if choice() == "reference" or device not in SOURCES:
        return None
    return load(device)


@cache
def load(device: str) -> Kernels | None:
    """The library: packaged, else built on the first call and kept in the private cache; None, with one warning, without."""
    try:
        library = _packaged(device) or load_checked(_built(device))
        return CpuKernels(library) if device == "cpu" else CudaKernels(library)
    except (OSError, subprocess.SubprocessError, BuildFailed) as error:
        detail = getattr(error, "stderr", None) or b""
        reason = detail.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(error)]
        log.warning(
            "the native %s rasteriser is off, a far slower PyTorch one draws the same: %s", device, reason[0]
        )
        return None


def _packaged(device: str) -> ctypes.CDLL | None:
    """The library that came with the package, where it fits this machine."""
    library = PREBUILT / library_name(device, flags(device))
    try:
        return load_checked(library, order.HERE) if is_packaged(library, order.HERE) else None
    except OSError:
        return None


def flags(device: str) -> list[str]:
    """How this machine's library is compiled."""
    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        return [*FLAGS[device], f"-arch=sm_{major}{minor}"]
    wide = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    return [*FLAGS[device], *(WIDE if wide else ())]


def library_name(device: str, told: Sequence[str]) -> str:
    """The file's name, with a hash of sources, flags and processor family."""
    text = b"".join((order.KERNELS / name).read_bytes() for name in SOURCES[device])
    told = " ".join([platform.machine(), *told])
    return f"rasterize-{device}-{hashlib.sha256(text + told.encode()).hexdigest()[:16]}.so"


def compile_to(target: Path, device: str, told: Sequence[str]) -> None:
    """Compile the library into a file.

    Raises:
        FileNotFoundError: there is no compiler.
        subprocess.SubprocessError: it failed or took too long.
    """
    compiled = [str(order.KERNELS / name) for name in SOURCES[device] if not name.endswith(".h")]
    command = [*_compiler(device), *told, "-o", str(target), *compiled]
    subprocess.run(command, check=True, capture_output=True, timeout=time_limit())


def _compiler(device: str) -> list[str]:
    if device == "cpu":
        found = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
        name = "C++ compiler (g++ or clang++)"
    else:
        home = os.environ.get("CUDA_HOME")
        found = str(Path(home) / "bin" / "nvcc") if home else shutil.which("nvcc")
        name = "nvcc"
    if not found:
        raise FileNotFoundError(f"no {name} was found")
    return found.split()


def _built(device: str) -> Path:
    told = flags(device)
    place = private_folder() / library_name(device, told)
    if is_ours(place):
        return place
    with tempfile.TemporaryDirectory(dir=place.parent) as draft:
        target = Path(draft) / place.name
        compile_to(target, device, told)
        target.chmod(0o600)
        os.replace(target, place)
    return place
