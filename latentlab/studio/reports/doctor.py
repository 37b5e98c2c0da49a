"""What this machine has: versions, processor, compilers, devices, data; and whether each set of operators is right."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import LatentLabError
from latentlab.core.places import data_folder
from latentlab.core.version import __version__
from latentlab.store.home import known_networks

if TYPE_CHECKING:
    from cuda_ops.doctor import Report

LIBRARIES = (
    "torch", "numpy", "scipy", "scikit-learn", "scikit-image", "safetensors", "pillow", "dlib-bin", "pyarrow", "imageio-ffmpeg",
    "tyro", "rich", "ninja", "streamlit", "ray", "torchvision", "lpips", "torch-fidelity", "open_clip_torch",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Examined:
    """What this machine has."""

    machine: dict[str, Any]
    data: dict[str, str]

    def operators(self) -> Report:
        """Each backend of cuda_ops, live or why not, and its self-tests; takes some seconds."""
        from cuda_ops import doctor

        return doctor.report()


def examine() -> Examined:
    """What is installed and found; the operators are tested when they are asked for."""
    return Examined(machine(), data())


def machine() -> dict[str, Any]:
    """What is installed, as plain data; versions and compilers of the operators are in their own report."""
    return {
        "latentlab": __version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def data() -> dict[str, str]:
    """Where the face model, the default network and downloaded models are, or what to do about it."""
    from latentlab.world.model import find_face_model

    found = {"models": str(data_folder() / "models")}
    for name, look in {
        "face model": find_face_model,
        "network 'faces'": lambda: known_networks().get("faces"),
    }.items():
        try:
            found[name] = str(
                look() or "absent: install latentlab again, or name a network of your own with `network`"
            )
        except LatentLabError as error:
            found[name] = f"absent: {error}"
    return found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def clean(home: str | Path = "lab") -> list[Path]:
    """Remove the temporary files of killed runs: in the lab, here and one level below, in the models and the cache."""
    from latentlab.core.leftovers import sweep_folder
    from latentlab.core.places import cache_folder

    gone = sweep_folder(Path(home)) + sweep_folder(Path(), deep=False)
    for folder in (path for path in Path().iterdir() if path.is_dir() and not path.is_symlink()):
        gone += sweep_folder(folder, deep=False)
    for place in (data_folder, cache_folder):
        with suppress(LatentLabError):  # who has no home has nothing there
            gone += sweep_folder(place())
    return gone
