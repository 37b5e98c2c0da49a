"""What the first command on a machine costs: with the operators of the wheel, without them, without a compiler.

    python -m cuda_ops.prebuild && python benchmarks/first_use.py

Each command draws one picture with an empty operator cache in an empty folder; the last row waits for a whole build. Prints
seconds and CPU seconds (those of a build that goes on beside the command are not its own), and what was said.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from report import write

ROOT = Path(__file__).resolve().parent.parent
DRAW = "from latentlab.cli.main import main; main(['generate', '--seeds', '1', '--out', 'pictures'])"
BARE = "from cuda_ops import build; from pathlib import Path; build.PREBUILT = Path('nowhere')\n"
"""What makes an interpreter forget the libraries that came with the package."""
WAIT = BARE + "from cuda_ops import native; assert native.load('cpu').kernels"


@dataclass(frozen=True)
class Case:
    code: str
    environment: dict[str, str]


CASES = {
    "operators of the wheel": Case(DRAW, {}),
    "none, a compiler: built beside the command": Case(BARE + DRAW, {}),
    "none, no compiler: the reference path": Case(BARE + DRAW, {"CXX": "/nowhere/c++"}),
    "the reference path asked for": Case(DRAW, {"LATENTLAB_OPS": "reference"}),
    "none, waiting for the build": Case(WAIT, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="write results/first_use.json")
    wish = parser.parse_args()
    rows = {name: min(measured(case) for _ in range(wish.runs)) for name, case in CASES.items()}
    for name, (seconds, cpu, said) in rows.items():
        print(f"{name:<44} {seconds:6.1f} s {cpu:6.1f} CPU-s  {said}")
    if wish.save:
        write("first_use", {"seconds, CPU seconds, said": rows})


def measured(case: Case) -> tuple[float, float, str]:
    """Seconds, CPU seconds of the process and the children it waited for, and the last line it said about operators."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "LATENTLAB_CACHE": str(Path(folder) / "cache")}
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", case.code],
            cwd=folder,
            env=env | case.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if "being built" in done.stderr:
            _wait_for_a_build(Path(folder) / "cache" / "ops")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = [line for line in done.stderr.splitlines() if "operators" in line]
    return round(seconds, 2), round(cpu, 2), said[-1] if said else ""


def _wait_for_a_build(cache: Path) -> None:
    """Until the library is there, so that the build does not disturb the next row."""
    end = time.monotonic() + 300
    while time.monotonic() < end and not list(cache.glob("latentlab_cpu-*.so")):
        time.sleep(0.5)


if __name__ == "__main__":
    main()
