"""What a library of kernels is made of: its sources, how they are compiled, and the key that says all it depends on."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
KERNELS = HERE / "kernels"
STABLE_ABI = "-DTORCH_TARGET_VERSION=0x020b000000000000"
"""The bindings use torch's stable ABI as of 2.11, the oldest torch we take: a library serves every later one."""
AVX2 = {"avx2", "fma", "bmi1", "bmi2"}
AVX512 = {"avx512f", "avx512bw", "avx512vl", "avx512dq"}


def library_name(device: str, build_key: str) -> str:
    return f"latentlab_{device}-{build_key}.so"


def kernel_names(device: str) -> tuple[str, ...]:
    """The kernels behind the bindings, what takes longest to compile first; the rasteriser is a library of its own."""
    common = ("bias_act", "upfirdn2d", "filtered_lrelu")
    return (*common, "band", "tail", "tail_gradient") if device == "cpu" else common


def sources(device: str) -> list[Path]:
    """What is compiled: the kernels of the device, and the bindings."""
    ending = ".cu" if device == "cuda" else "_cpu.cpp"
    return [*(KERNELS / f"{name}{ending}" for name in kernel_names(device)), KERNELS / "bindings.cpp"]


def flags(device: str, *, portable: bool = False) -> list[str]:
    """Compiler flags; a library that stays on this machine holds the code for its instruction set alone."""
    if device == "cuda":
        return ["-O3", "-DLATENTLAB_CUDA", STABLE_ABI]
    local = []
    if not portable and platform.machine() in ("x86_64", "AMD64"):
        local = ["-march=native", f"-DOPS_LEVEL={level()}"]
    strict = ["-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"]
    return ["-O3", "-std=c++20", "-fPIC", "-Wno-psabi", *strict, STABLE_ABI, *local]


def torch_folder() -> Path:
    """Where torch lies, without importing it."""
    spec = find_spec("torch")
    assert spec is not None and spec.origin is not None, "torch is installed with this package"
    return Path(spec.origin).parent


def processor() -> str:
    """The processor's features, as far as the system tells them."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return " ".join(sorted(line.partition(":")[2].split()))
    except OSError:
        pass
    return platform.processor() or platform.machine()


def level() -> int:
    """0 baseline, 1 AVX2 with FMA, 2 AVX-512: what this processor has, or less where LATENTLAB_OPS_ISA says so."""
    has = set(processor().split())
    best = 0 if not has >= AVX2 else 1 if not has >= AVX512 else 2
    wish = os.environ.get("LATENTLAB_OPS_ISA", "")
    return min(best, int(wish)) if wish.isdecimal() else best


def key(device: str, *, portable: bool = False) -> str:
    """A hash of all that a library depends on."""
    parts = [device, platform.machine(), *flags(device, portable=portable)]
    if device == "cuda":
        import torch

        parts += [torch.__version__, str(torch.version.cuda)]
        parts.append(str(torch.cuda.get_device_capability()) if torch.cuda.is_available() else "none")
    elif not portable:
        parts.append(processor())
    digest = hashlib.sha256("\0".join(parts).encode())
    headers = [path for path in KERNELS.glob("*.h") if not path.name.startswith("rasterize")]
    for path in sorted([*headers, *sources(device)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]
