"""What a command costs before it does anything: CPU seconds of whole processes, beside `import torch` in the same run.

    python benchmarks/startup.py --runs 3

prints a table and, with --out FILE, writes it as JSON. CPU seconds hardly depend on what else the machine does; every
command runs in turn with the others, and the least of the runs counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import describe

COMMANDS = {
    "import torch": ["-c", "import torch"],
    "--help": ["-m", "latentlab", "--help"],
    "models list": ["-m", "latentlab", "models", "list"],
    "directions list": ["-m", "latentlab", "directions", "list"],
    "replay of a foreign file": ["-m", "latentlab", "replay", "foreign.txt"],
    "generate --seeds 1": ["-m", "latentlab", "generate", "--seeds", "1", "--out", "pictures"],
}
"""Arguments of the interpreter; each runs in an empty folder."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    wish = parser.parse_args()
    least = {name: min(cost(words) for _ in range(wish.runs)) for name, words in COMMANDS.items()}
    torch_alone = least["import torch"]
    for name, seconds in least.items():
        print(f"{name:<28} {seconds:6.2f} CPU-s  {seconds - torch_alone:+6.2f} beside import torch")
    if wish.out:
        wish.out.write_text(json.dumps({"machine": describe(), "cpu_seconds": least}, indent=1) + "\n")


def cost(words: list[str]) -> float:
    """CPU seconds, of user and system, of one process in an empty folder."""
    root = str(Path(__file__).resolve().parent.parent)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "foreign.txt").write_text("no picture\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": root},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


if __name__ == "__main__":
    main()
