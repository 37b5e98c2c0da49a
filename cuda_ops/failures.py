"""What is remembered of a build that failed, and for how long: never longer than trying again is dear."""

from __future__ import annotations

import json
import time
from pathlib import Path

LONGEST = 24 * 3600.0
"""Seconds for which a failed build is not tried again, at most."""
SHARE = 100
"""A failure is kept for so many times as long as the try took: trying costs at most a hundredth of the time."""
PASSING = (
    "No space left", "Disk quota", "Cannot allocate memory", "out of memory", "Killed", "Read-only file system",
)  # fmt: skip
"""Words of a compiler that was stopped by something that passes."""


def note_of(library: Path) -> Path:
    """Where a failed build of this library is remembered."""
    return library.with_name(library.name + ".failed")


def passes(output: str) -> bool:
    """Whether the compiler was stopped by something that passes by itself."""
    return any(word in output for word in PASSING)


def known(library: Path, circumstances: str) -> str | None:
    """Why a build failed, unless it is worth another try: other circumstances, or long ago."""
    try:
        told = json.loads(note_of(library).read_text(errors="replace"))
        if told["circumstances"] == circumstances and time.time() < float(told["until"]):
            return str(told["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def remember(library: Path, circumstances: str, reason: str, took: float) -> None:
    """Keep the reason beside where the library would lie."""
    until = time.time() + min(LONGEST, SHARE * took)
    note_of(library).write_text(
        json.dumps({"reason": reason, "circumstances": circumstances, "until": until})
    )
