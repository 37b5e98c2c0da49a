"""Compiles every CUDA kernel with nvcc alone, for Ampere and Hopper, so that none lands uncompiled."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KERNELS = Path(__file__).resolve().parent / "kernels"
TARGETS = ("80", "90")
MISSING = (
    "no nvcc: install CUDA, or: pip install --no-deps nvidia-cuda-nvcc==13.0.* nvidia-cuda-crt==13.0.* "
    "nvidia-cuda-runtime==13.0.* nvidia-cuda-cccl==13.0.* nvidia-nvvm==13.0.*"
)


@dataclass(frozen=True)
class Compiled:
    kernel: str
    """File name of the kernel."""
    good: bool
    """Whether nvcc made an object of it."""
    output: str
    """What nvcc said."""


def find_nvcc() -> Path | None:
    """CUDA_HOME's, the PATH's, the usual place's, or the one that pip installs."""
    homes = [os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"]
    on_path = shutil.which("nvcc")
    places = [Path(home) / "bin" / "nvcc" for home in homes if home]
    if on_path:
        places.insert(2 if os.environ.get("CUDA_HOME") else 0, Path(on_path))
    return next((place for place in [*places, *_pip_places()] if place.is_file()), None)


def _pip_places() -> Iterator[Path]:
    spec = importlib.util.find_spec("nvidia")
    for root in spec.submodule_search_locations if spec and spec.submodule_search_locations else []:
        yield from sorted(Path(root).glob("*/bin/nvcc"))


def kernels() -> list[Path]:
    """Every .cu file, without exception."""
    return sorted(KERNELS.glob("*.cu"))


def compile_kernel(nvcc: Path, kernel: Path, folder: Path, targets: Sequence[str] = TARGETS) -> Compiled:
    """nvcc -c of one kernel; torch's headers are not on the path."""
    command = [str(nvcc), "-c", str(kernel), "-o", str(folder / f"{kernel.stem}.o"), "-std=c++17", "-O3"]
    for target in targets:
        command += ["-gencode", f"arch=compute_{target},code=sm_{target}"]
    root = nvcc.parent.parent  # pip's nvcc keeps its headers beside itself
    if (root / "include" / "cuda_runtime_api.h").is_file():
        command += ["-I", str(root / "include")]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return Compiled(kernel.name, done.returncode == 0, (done.stdout + done.stderr).strip())


def check(targets: Sequence[str] = TARGETS) -> list[Compiled] | None:
    """Compiles all kernels; None where there is no nvcc."""
    nvcc = find_nvcc()
    if nvcc is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        return [compile_kernel(nvcc, kernel, Path(folder), targets) for kernel in kernels()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if all compile, 1 if one does not, 2 without nvcc."""
    parser = argparse.ArgumentParser(prog="python -m cuda_ops.cuda_check", description=__doc__)
    parser.add_argument(
        "--targets", nargs="+", default=list(TARGETS), metavar="SM", help="compute capabilities"
    )
    targets = parser.parse_args(arguments).targets
    results = check(targets)
    if results is None:
        sys.stderr.write(MISSING + "\n")
        return 2
    for result in results:
        sys.stdout.write(
            f"{'ok    ' if result.good else 'FAILED'} {result.kernel} (sm_{', sm_'.join(targets)})\n"
        )
        if not result.good:
            sys.stdout.write(result.output + "\n")
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
