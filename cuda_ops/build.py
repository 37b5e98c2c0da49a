"""Finds the library of kernels, or builds it, once per source and processor, in a folder that only its owner can touch."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from cuda_ops import failures, order
from cuda_ops.cache import is_ours, is_packaged, private_folder
from cuda_ops.compilers import ADVICE, circumstances, compiler, environment, time_limit
from cuda_ops.errors import BuildFailed, Passing

log = logging.getLogger("cuda_ops")

Watch = Callable[[int, int], None]
"""Called with the number of compiled files and of all."""
PREBUILT = order.HERE / "prebuilt"
"""Libraries that came with the package, or that `python -m cuda_ops.prebuild` made in a checkout."""


@dataclass(frozen=True)
class Found:
    path: Path
    """The library."""
    origin: str
    """"prebuilt", "cache" or "built"."""


def packaged(device: str) -> Found | None:
    """The library that came with the package, where there is one for this source and processor that may be trusted."""
    library = PREBUILT / order.library_name(device, order.key(device, portable=True))
    return Found(library, "prebuilt") if is_packaged(library, order.HERE) else None


def kept(device: str) -> Found | None:
    """The library in the cache.

    Raises:
        BuildFailed: the cache's folder cannot be used, there is no compiler, or the build failed a while ago.
    """
    library = private_folder() / order.library_name(device, order.key(device))
    if is_ours(library):
        return Found(library, "cache")
    compiler(device)
    if known := failures.known(library, circumstances(device)):
        raise BuildFailed(known)
    return None


def build(device: str, watch: Watch | None = None) -> Found:
    """Build the library into the cache, or take what another process builds meanwhile.

    Raises:
        BuildFailed: it cannot be built.
    """
    folder = private_folder()
    library = folder / order.library_name(device, order.key(device))
    deadline = time.monotonic() + time_limit()
    try:
        with FileLock(str(library) + ".lock", timeout=time_limit(), mode=0o600):
            if is_ours(library):
                return Found(library, "cache")
            _build(device, library, deadline, watch)
    except Timeout:
        raise BuildFailed(
            f"another process has been building the kernels for {time_limit():.0f} s; wait for it, then {ADVICE}"
        ) from None
    except OSError as failure:
        raise BuildFailed(
            f"the folder {folder} cannot be used ({failure.strerror or failure}); set LATENTLAB_CACHE"
        ) from None
    return Found(library, "built")


def find_or_build(device: str, watch: Watch | None = None) -> Found:
    """The library for "cpu" or "cuda": packaged, else in the cache, else built now.

    Raises:
        BuildFailed: there is none and none can be built.
    """
    return packaged(device) or kept(device) or build(device, watch)


def clean(device: str) -> None:
    """Forget an earlier failure and library of the cache, so that the next call builds."""
    library = private_folder() / order.library_name(device, order.key(device))
    for path in (library, failures.note_of(library)):
        path.unlink(missing_ok=True)


def compile_into(
    device: str, folder: Path, seconds: float, watch: Watch | None = None, *, portable: bool = False
) -> Path:
    """Run the build in a process of its own, at most `seconds` long, and return the library in `folder`.

    Raises:
        BuildFailed: with the first telling line of what the compiler said.
    """
    torch = order.torch_folder()
    wish = {
        "name": f"latentlab_{device}",
        "sources": [str(path) for path in order.sources(device)],
        "include": [str(order.KERNELS), *([] if device == "cuda" else [str(torch / "include")])],
        "flags": order.flags(device, portable=portable),
        "link": [f"-L{torch / 'lib'}", "-ltorch_cpu"],
        "cuda": device == "cuda",
        "folder": str(folder),
    }
    output, code = _watched(_start(wish, device), seconds, watch)
    library = folder / f"latentlab_{device}.so"
    if code != 0 or not library.is_file():
        if failures.passes(output):
            raise Passing(
                f"the build was stopped ({telling_line(output)}); it is tried again at the next start"
            )
        raise BuildFailed(f"the build failed ({telling_line(output)}); {ADVICE}")
    return library


def _start(wish: dict, device: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", str(order.HERE / "compile.py"), json.dumps(wish)],
        env=environment(device),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _watched(child: subprocess.Popen[str], seconds: float, watch: Watch | None) -> tuple[str, int]:
    """What the child said and how it ended; it and all its children are stopped after so many seconds.

    Raises:
        BuildFailed: it took too long.
    """
    late = threading.Event()

    def stop() -> None:
        late.set()
        _stop(child)

    clock = threading.Timer(seconds, stop)
    clock.start()
    lines = []
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("compiled "):
                _, done, of = line.split()
                if watch is not None:
                    watch(int(done), int(of))
            else:
                lines.append(line)
        code = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        clock.cancel()
    if late.is_set():
        raise BuildFailed(
            f"the build took longer than {time_limit():.0f} s; set LATENTLAB_OPS_TIMEOUT, then {ADVICE}"
        )
    return "".join(lines), code


def _stop(child: subprocess.Popen[str]) -> None:
    """Kill the child's whole group: compilers that it started may outlive it."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        child.kill()
    child.wait()


def telling_line(output: str) -> str:
    """The line of a compiler's output that says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("fatal error:", " error:", "error:", "Error:"):
        for line in lines:
            if mark in line:
                return line[:200]
    return lines[-1][:200] if lines else "the compiler said nothing"


def _build(device: str, library: Path, deadline: float, watch: Watch | None) -> None:
    """Build beside the library and move it into place; we hold the lock, so older attempts in this folder are dead."""
    prefix = library.stem + ".building-"
    for dead in library.parent.glob(prefix + "*"):
        shutil.rmtree(dead, ignore_errors=True)
    attempt = Path(tempfile.mkdtemp(prefix=prefix, dir=library.parent))
    begun = time.monotonic()
    try:
        made = compile_into(device, attempt, max(0.1, deadline - time.monotonic()), watch)
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
