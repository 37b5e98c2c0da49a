"""A build beside the command that needed it first: that one goes on with the plain PyTorch path, and may end before it."""

from __future__ import annotations

import os
import subprocess
import sys

from cuda_ops import build, order

SECONDS = {"cpu": 24.0, "cuda": 300.0}
"""What a build takes on one core, about."""


class Background:
    """One building process; it finishes, and keeps its library, whatever becomes of the process that began it."""

    def __init__(self, device: str) -> None:
        paths = [str(order.HERE.parent), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cuda_ops.background", device],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def is_over(self) -> bool:
        """Whether the library is there, or never will be."""
        return self._process.poll() is not None


def announcement(device: str) -> str:
    """One line for whoever waits: what happens, for how long, and what runs meanwhile."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    seconds = 3 + SECONDS[device] / min(cores, len(order.sources(device)))
    return (
        f"the native {device} operators are being built beside this command (about {seconds:.0f} s on {cores} cores, "
        "once for this machine); until then the slower PyTorch path gives the same results"
    )


def main(device: str) -> int:
    """Build, a little more slowly than what somebody waits for; a failure is remembered beside the library."""
    os.nice(5)
    try:
        build.find_or_build(device)
    except build.BuildFailed:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
