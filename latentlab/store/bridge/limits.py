"""What a weight file may cost to read: caps on objects, depth, names and bytes, shared by all streams of one file."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.core.errors import BadFile

LARGEST_FILE = 64 << 30
LARGEST_TEXT = 1 << 28
LARGEST_INTEGER_BYTES = 32
MOST_MARKS = 500
MOST_AXES = 8
MOST_MODULES = 20_000
MOST_TENSORS = 100_000
DEEPEST_MODULE = 24
MOST_ENTRIES = 50_000
LARGEST_RATIO = 4
"""Weights hardly compress."""


@dataclass
class Budget:
    """Counts down while a file is read; the largest published files need less than a tenth of it."""

    steps: int = 3_000_000
    """Pickle instructions, nested streams included; each makes at most one object."""
    tensor_bytes: int = 1 << 40
    """Bytes of all tensors taken out; set from the size of the file."""

    def step(self, count: int) -> None:
        """Pay for `count` pickle instructions."""
        self.steps -= count
        if self.steps < 0:
            raise BadFile("it holds far more objects than any network has")

    def tensor(self, count: int) -> None:
        """Pay for a tensor of `count` bytes."""
        self.tensor_bytes -= count
        if self.tensor_bytes < 0:
            raise BadFile("its tensors together are far larger than the file: they share storages")


def shown(value: object, longest: int = 40) -> str:
    """A value of a file for one line of an error: only plain ones are written out, and shared containers never."""
    if isinstance(value, str):
        return printable(value, longest)
    if value is None or isinstance(value, bool | float):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "an absurd number"
    short = isinstance(value, list | tuple) and len(value) <= 4
    if short and all(isinstance(item, int | float) and abs(item) < 10**20 for item in value):  # type: ignore[attr-defined]
        return str(value)
    return f"a {type(value).__name__}"


def printable(name: object, longest: int = 80) -> str:
    """Untrusted text, made fit for one line of an error."""
    text = name if isinstance(name, str) else type(name).__name__
    clean = "".join(character if character.isprintable() else "?" for character in text[: longest + 1])
    return clean if len(clean) <= longest else clean[:longest] + "…"
