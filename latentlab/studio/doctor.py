"""What this machine has: versions, processor, compilers, devices, data; and whether each set of operators is right."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import latentlab
from latentlab.core.errors import LatentLabError

LIBRARIES = (
    "torch", "numpy", "scipy", "scikit-learn", "scikit-image", "safetensors", "pillow", "dlib-bin", "pyarrow", "imageio-ffmpeg",
    "tyro", "rich", "ninja", "streamlit", "ray", "torchvision", "lpips", "torch-fidelity", "open_clip_torch",
)  # fmt: skip
COMPILERS = ("c++", "g++", "clang++", "nvcc", "ninja")


def machine() -> dict[str, Any]:
    """What is installed and where, as plain data; nothing of it is built or downloaded."""
    import torch

    gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return {
        "latentlab": latentlab.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "CUDA of torch": torch.version.cuda or "none (a CPU build)",
        "GPUs": gpus or "none",
        **{f"compiler {name}": _compiler(name) for name in COMPILERS},
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def data() -> dict[str, str]:
    """Where the face model, the default network and downloaded models are, or what to do about it."""
    from latentlab.store.home import data_folder, known_networks
    from latentlab.world.model import find_face_model

    found = {"models": str(data_folder() / "models")}
    for name, look in {"face model": find_face_model, "network 'faces'": lambda: known_networks().get("faces")}.items():
        try:
            found[name] = str(look() or "does not ship yet: a tiny random network stands in; name your own with --network")
        except LatentLabError as error:
            found[name] = f"absent: {error}"
    return found


def operators() -> Any:
    """The report of cuda_ops.doctor: each backend, live or why not, and its self-tests."""
    from importlib import import_module

    try:
        doctor = import_module("cuda_ops.doctor")
    except ModuleNotFoundError:
        return None
    return doctor.report()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _compiler(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if path is None:
        return "absent"
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return f"{path} (does not run)"
    lines = [line for line in told.splitlines() if any(letter.isdigit() for letter in line)]
    return f"{path} ({lines[0].strip()[:60] if lines else 'version unknown'})"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
