"""The compilers that a build would use, and what a failed build may have been due to."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from cuda_ops.errors import BuildFailed

ADVICE = "run: python -m cuda_ops.doctor --rebuild"
TIMEOUT = 900.0
"""Seconds that a build, or the wait for another process's build, may take; LATENTLAB_OPS_TIMEOUT changes it."""


def time_limit() -> float:
    """Seconds, from LATENTLAB_OPS_TIMEOUT or the default."""
    try:
        return max(0.1, float(os.environ["LATENTLAB_OPS_TIMEOUT"]))
    except (KeyError, ValueError):
        return TIMEOUT


def compiler(device: str) -> str:
    """The compiler that a build would use.

    Raises:
        BuildFailed: there is none.
    """
    wish = os.environ.get("CXX") or "c++"
    found = shutil.which(wish) or (None if os.environ.get("CXX") else shutil.which("g++"))
    if not found:
        raise BuildFailed(f"no C++ compiler ('{wish}' is not there); install g++, then {ADVICE}")
    if device == "cuda" and not nvcc():
        raise BuildFailed(
            f"no CUDA compiler (nvcc is not there); install CUDA or set CUDA_HOME, then {ADVICE}"
        )
    return found


def nvcc() -> str | None:
    """The CUDA compiler: of CUDA_HOME, on the PATH, or where CUDA usually is."""
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH")]
    places = [Path(home) / "bin" / "nvcc" for home in homes if home]
    on_path = shutil.which("nvcc")
    places += [Path(on_path)] if on_path else []
    places.append(Path("/usr/local/cuda/bin/nvcc"))
    return next((str(place) for place in places if place.is_file()), None)


def circumstances(device: str) -> str:
    """What a failed build may have been due to, and where a change makes another try worthwhile."""
    tools = [compiler(device), *([nvcc() or ""] if device == "cuda" else [])]
    stamps = [f"{tool} {os.path.getmtime(tool)} {os.path.getsize(tool)}" for tool in tools if tool]
    told = [
        f"{name}={os.environ.get(name, '')}" for name in ("CXXFLAGS", "CPATH", "LIBRARY_PATH", "CUDA_HOME")
    ]
    return hashlib.sha256("\0".join([*stamps, *told, str(time_limit())]).encode()).hexdigest()


def environment(device: str) -> dict[str, str]:
    """The building process's environment: its compiler; for CUDA ninja, even if its scripts are not on the PATH, and the target."""
    env = dict(os.environ)
    env.setdefault("CXX", compiler(device))
    if device == "cuda":
        import torch

        places = [str(Path(sys.executable).parent)]
        if importlib.util.find_spec("ninja"):
            import ninja

            places.append(ninja.BIN_DIR)
        env["PATH"] = os.pathsep.join([*places, env.get("PATH", os.defpath)])
        major, minor = torch.cuda.get_device_capability()
        env["TORCH_CUDA_ARCH_LIST"] = f"{major}.{minor}"
        found = nvcc()
        if found:
            env.setdefault("CUDA_HOME", str(Path(found).resolve().parent.parent))
    return env
