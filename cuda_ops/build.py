"""Builds the kernels once per torch, CUDA, source and processor, in a folder that only its owner can touch."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from cuda_ops import failures
from cuda_ops.cache import is_ours, private_folder
from cuda_ops.errors import BuildFailed, Passing

log = logging.getLogger("cuda_ops")

HERE = Path(__file__).resolve().parent
KERNELS = HERE / "kernels"
TIMEOUT = 900.0
"""Seconds that a build, or the wait for another process's build, may take; LATENTLAB_OPS_TIMEOUT changes it."""
ADVICE = "run: python -m cuda_ops.doctor --rebuild"


@dataclass(frozen=True)
class Found:
    path: Path
    """The library."""
    origin: str
    """prebuilt", "cache" or "built"."""


def find_or_build(device: str) -> Found:
    """The library for "cpu" or "cuda".

    Raises:
        BuildFailed: there is none and none can be built.
    """
    prebuilt = HERE / "prebuilt" / library_name(device, key(device, portable=True))
    if prebuilt.is_file():
        return Found(prebuilt, "prebuilt")
    folder = private_folder()
    name = library_name(device, key(device))
    library = folder / name
    if is_ours(library):
        return Found(library, "cache")
    compiler(device)
    if known := failures.known(library, circumstances(device)):
        raise BuildFailed(known)

    deadline = time.monotonic() + time_limit()
    try:
        with FileLock(str(library) + ".lock", timeout=time_limit(), mode=0o600):
            if is_ours(library):
                return Found(library, "cache")
            _build(device, library, deadline)
    except Timeout:
        raise BuildFailed(
            f"another process has been building the kernels for {time_limit():.0f} s; wait for it, then {ADVICE}"
        ) from None
    except OSError as failure:
        raise BuildFailed(
            f"the folder {folder} cannot be used ({failure.strerror or failure}); set LATENTLAB_CACHE"
        ) from None
    return Found(library, "built")


def clean(device: str) -> None:
    """Forget an earlier failure and library, so that the next call builds."""
    library = private_folder() / library_name(device, key(device))
    for path in (library, failures.note_of(library)):
        path.unlink(missing_ok=True)


def circumstances(device: str) -> str:
    """What a failed build may have been due to, and where a change makes another try worthwhile."""
    tools = [compiler(device), *([nvcc() or ""] if device == "cuda" else [])]
    stamps = [f"{tool} {os.path.getmtime(tool)} {os.path.getsize(tool)}" for tool in tools if tool]
    told = [
        f"{name}={os.environ.get(name, '')}" for name in ("CXXFLAGS", "CPATH", "LIBRARY_PATH", "CUDA_HOME")
    ]
    return hashlib.sha256("\0".join([*stamps, *told, str(time_limit())]).encode()).hexdigest()


def time_limit() -> float:
    """Seconds, from LATENTLAB_OPS_TIMEOUT or the default."""
    try:
        return max(0.1, float(os.environ["LATENTLAB_OPS_TIMEOUT"]))
    except (KeyError, ValueError):
        return TIMEOUT


def library_name(device: str, build_key: str) -> str:
    return f"latentlab_{device}-{build_key}.so"


def sources(device: str) -> list[Path]:
    """What is compiled: the bindings, and the kernels of the device."""
    ending = ".cu" if device == "cuda" else "_cpu.cpp"
    return [KERNELS / "bindings.cpp", *(KERNELS / f"{name}{ending}" for name in kernel_names(device))]


def kernel_names(device: str) -> tuple[str, ...]:
    """The kernels behind the bindings; the rasteriser is a library of its own."""
    return (
        "bias_act",
        "filtered_lrelu",
        "upfirdn2d",
        *(("band", "tail", "tail_gradient") if device == "cpu" else ()),
    )


def flags(device: str, *, portable: bool = False) -> list[str]:
    """Compiler flags; -march=native only where the library stays on this machine."""
    if device == "cuda":
        return ["-O3", "-DLATENTLAB_CUDA"]
    local = [] if portable or platform.machine() not in ("x86_64", "AMD64") else ["-march=native"]
    return ["-O3", "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden", *local]


def processor() -> str:
    """The processor's features, as far as the system tells them."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return " ".join(sorted(line.partition(":")[2].split()))
    except OSError:
        pass
    return platform.processor() or platform.machine()


def key(device: str, *, portable: bool = False) -> str:
    """A hash of all that a library depends on."""
    parts = [
        torch.__version__,
        str(torch.version.cuda),
        device,
        platform.machine(),
        *flags(device, portable=portable),
    ]
    if device == "cuda":
        parts.append(str(torch.cuda.get_device_capability()) if torch.cuda.is_available() else "none")
    elif not portable:
        parts.append(processor())
    digest = hashlib.sha256("\0".join(parts).encode())
    headers = [path for path in KERNELS.glob("*.h") if not path.name.startswith("rasterize")]
    for path in sorted([*headers, *sources(device)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


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


def _environment(device: str) -> dict[str, str]:
    """The child's environment: ninja on the PATH even if its package's scripts are not, CUDA told its target."""
    env = dict(os.environ)
    places = [str(Path(sys.executable).parent)]
    if importlib.util.find_spec("ninja"):
        import ninja

        places.append(ninja.BIN_DIR)
    env["PATH"] = os.pathsep.join([*places, env.get("PATH", os.defpath)])
    env.setdefault("CXX", compiler(device))
    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        env["TORCH_CUDA_ARCH_LIST"] = f"{major}.{minor}"
        found = nvcc()
        if found:
            env.setdefault("CUDA_HOME", str(Path(found).resolve().parent.parent))
    return env


def compile_into(device: str, folder: Path, seconds: float, *, portable: bool = False) -> Path:
    """Run the build in a process of its own, at most `seconds` long, and return the library in `folder`.

    Raises:
        BuildFailed: with the first telling line of what the compiler said.
    """
    order = {
        "name": f"latentlab_{device}",
        "sources": [str(path) for path in sources(device)],
        "include": str(KERNELS),
        "flags": flags(device, portable=portable),
        "cuda": device == "cuda",
        "folder": str(folder),
    }
    command = [sys.executable, "-P", str(HERE / "compile.py"), json.dumps(order)]
    child = subprocess.Popen(
        command,
        env=_environment(device),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _stop(child)
        raise BuildFailed(
            f"the build took longer than {time_limit():.0f} s; set LATENTLAB_OPS_TIMEOUT, then {ADVICE}"
        ) from None
    except BaseException:
        _stop(child)
        raise
    library = folder / f"latentlab_{device}.so"
    if child.returncode != 0 or not library.is_file():
        if failures.passes(output):
            raise Passing(
                f"the build was stopped ({telling_line(output)}); it is tried again at the next start"
            )
        raise BuildFailed(f"the build failed ({telling_line(output)}); {ADVICE}")
    return library


def _stop(child: subprocess.Popen[str]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        child.kill()
    child.communicate()


def telling_line(output: str) -> str:
    """The line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("fatal error:", " error:", "error:", "Error:"):
        for line in lines:
            if mark in line:
                return line[:200]
    return lines[-1][:200] if lines else "the compiler said nothing"


def _build(device: str, library: Path, deadline: float) -> None:
    """Build beside the library and move it into place; we hold the lock, so older attempts in this folder are dead."""
    prefix = library.stem + ".building-"
    for dead in library.parent.glob(prefix + "*"):
        shutil.rmtree(dead, ignore_errors=True)
    attempt = Path(tempfile.mkdtemp(prefix=prefix, dir=library.parent))
    log.info("building the native %s operators, once for this machine", device)
    begun = time.monotonic()
    try:
        made = compile_into(device, attempt, max(0.1, deadline - time.monotonic()))
        made.chmod(0o700)
        os.replace(made, library)
        failures.note_of(library).unlink(missing_ok=True)
    except Passing:
        raise
    except BuildFailed as failure:
        failures.remember(library, circumstances(device), str(failure), time.monotonic() - begun)
        raise
    finally:
        shutil.rmtree(attempt, ignore_errors=True)
