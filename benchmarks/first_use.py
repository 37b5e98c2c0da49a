"""What the first command on a machine costs: with the operators of the wheel, without them, without a compiler.

    python -m cuda_ops.prebuild && python benchmarks/first_use.py

Each command draws one picture with an empty operator cache in an empty folder. Where a build runs beside the command, the row
after it says how long the whole build took; it is waited for at most --limit seconds. Prints seconds and CPU seconds (those of
the build are not the command's own), and what was said; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from report import write

ROOT = Path(__file__).resolve().parent.parent
DRAW = [sys.executable, "-m", "latentlab", "generate", "--seeds", "1", "--out", "pictures"]


@dataclass(frozen=True)
class Case:
    environment: dict[str, str] = field(default_factory=dict)
    prebuilt: bool = False
    """Whether the package has its libraries with it."""


CASES = {
    "operators of the wheel": Case(prebuilt=True),
    "the reference path asked for": Case({"LATENTLAB_OPS": "reference"}, prebuilt=True),
    "none, no compiler: the reference path": Case({"CXX": "/nowhere/c++"}),
    "none, a compiler: built beside the command": Case(),
}
WHOLE = "  until its library is there"
Row = tuple[float, float | None, str]
"""Seconds, CPU seconds, what was said."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=float, default=90, help="most seconds to wait for the build")
    parser.add_argument("--save", action="store_true", help="write results/first_use.json")
    wish = parser.parse_args()
    rows: dict[str, Row] = {}
    for name, case in CASES.items():
        sys.stderr.write(f"{name} …\n")
        with tempfile.TemporaryDirectory() as folder:
            rows |= measured(name, case, Path(folder), wish.limit)
        for label, (seconds, cpu, said) in list(rows.items())[-2 if WHOLE in rows else -1 :]:
            shown = "" if cpu is None else f"{cpu:6.1f} CPU-s"
            print(f"{label:<44} {seconds:6.1f} s {shown:<12}  {said}", flush=True)
    if wish.save:
        write("first_use", {"seconds, CPU seconds, said": rows})


def measured(name: str, case: Case, folder: Path, limit: float) -> dict[str, Row]:
    """The command in a folder of its own, and where a build began beside it, the time until that was over."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT if case.prebuilt else without_libraries(folder / "package")),
        "LATENTLAB_CACHE": str(folder / "cache"),
        "LATENTLAB_OPS_TIMEOUT": str(limit),
        **case.environment,
    }
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(DRAW, cwd=folder, env=env, capture_output=True, text=True)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{name}: the command failed\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = [line for line in done.stderr.splitlines() if "operators" in line]
    rows: dict[str, Row] = {name: (round(seconds, 2), round(cpu, 2), said[-1] if said else "")}
    if said and "being built" in said[-1]:
        there = wait_for_a_build(folder / "cache" / "ops", begun + limit)
        words = "" if there else f"not there after {limit:.0f} s: the build was stopped"
        rows[WHOLE] = (round(time.perf_counter() - begun, 1), None, words)
    return rows


def without_libraries(place: Path) -> Path:
    """The package as it is where no library came with it: links to everything, but the operators' sources alone."""
    place.mkdir()
    for name in ("latentlab", "assets", "checkpoints"):
        (place / name).symlink_to(ROOT / name)
    shutil.copytree(
        ROOT / "cuda_ops", place / "cuda_ops", ignore=shutil.ignore_patterns("prebuilt", "__pycache__")
    )
    return place


def wait_for_a_build(cache: Path, end: float) -> bool:
    """Whether the library came before `end`; says now and then that it is waited for."""
    told = time.perf_counter()
    while not list(cache.glob("latentlab_cpu-*.so")):
        now = time.perf_counter()
        if now > end:
            return False
        if now > told + 10:
            told = now
            sys.stderr.write(f"  the build goes on, {end - now:.0f} s left\n")
        time.sleep(0.5)
    return True


if __name__ == "__main__":
    main()
