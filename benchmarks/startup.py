"""What a command costs before it does anything: CPU seconds of whole processes, beside `import torch` in the same run.

    python benchmarks/startup.py --runs 3

prints a table and, with --out FILE, writes it as JSON. CPU seconds hardly depend on what else the machine does; every
command runs in turn with the others, and the least of the runs counts; what earlier commands keep in the cache is there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import skimage.data
from machine import describe
from PIL import Image

COMMANDS = {
    "import torch": ["-c", "import torch"],
    "--help": ["-m", "latentlab", "--help"],
    "models list": ["-m", "latentlab", "models", "list"],
    "directions list": ["-m", "latentlab", "directions", "list"],
    "replay of a foreign file": ["-m", "latentlab", "replay", "foreign.txt"],
    "generate --seeds 1": ["-m", "latentlab", "generate", "--seeds", "1", "--out", "pictures"],
    "invert --method encode": [
        "-m",
        "latentlab",
        "invert",
        "photo.png",
        "--method",
        "encode",
        "--name",
        "anna",
    ],
    "edit --direction age=2": ["-m", "latentlab", "edit", "anna", "--direction", "age=2"],
}
"""Arguments of the interpreter; the last edits what the one before it made."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    wish = parser.parse_args()
    least: dict[str, float] = {}
    for _ in range(wish.runs):
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            for name, words in COMMANDS.items():
                least[name] = min(cost(words, folder), least.get(name, math.inf))
    torch_alone = least["import torch"]
    for name, seconds in least.items():
        print(f"{name:<28} {seconds:6.2f} CPU-s  {seconds - torch_alone:+6.2f} beside import torch")
    if wish.out:
        wish.out.write_text(json.dumps({"machine": describe(), "cpu_seconds": least}, indent=1) + "\n")


def prepare(folder: Path) -> None:
    """What the commands look at: a file that is no picture, and a photograph."""
    (folder / "foreign.txt").write_text("no picture\n")
    Image.fromarray(skimage.data.astronaut()).save(folder / "photo.png")


def cost(words: list[str], folder: str) -> float:
    """CPU seconds, of user and system, of one process."""
    root = str(Path(__file__).resolve().parent.parent)
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
