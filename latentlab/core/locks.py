"""A lock beside each thing that several processes may write at once: a run's folder, a data set, a bank, the registry."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from latentlab.core.errors import LatentLabError
from latentlab.core.files import make_folder

LOCK = ".latentlab.lock"
PATIENCE = 60.0
"""Seconds that a short write waits for another one."""


class InUse(LatentLabError):
    """Another process writes the same thing at this moment."""


class Hold:
    """A lock that is held until `release`, or until the process ends."""

    def __init__(self, folder: Path, what: str, *, wait: float = 0.0, name: str = LOCK) -> None:
        self._lock = FileLock(make_folder(folder) / name)
        with suppress(
            NotImplementedError, OSError
        ):  # a file system without locks: two users are on their own
            try:
                self._lock.acquire(timeout=wait)
            except Timeout:
                raise InUse(
                    f"{what} is being written by another process; wait until it is done, or choose another"
                ) from None

    def release(self) -> None:
        """Let the next one in."""
        self._lock.release()


@contextmanager
def held(folder: Path, what: str, *, wait: float = 0.0, name: str = LOCK) -> Iterator[None]:
    """The lock of a folder while something is written in it; InUse where another process has it for longer than `wait`."""
    hold = Hold(folder, what, wait=wait, name=name)
    try:
        yield
    finally:
        hold.release()


@contextmanager
def in_turn(folder: Path, what: str) -> Iterator[None]:
    """The same, but the second waits as long as it takes, and is told so once."""
    try:
        hold = Hold(folder, what)
    except InUse:
        warnings.warn(f"{what} is being written by another process; this one waits for it", stacklevel=3)
        hold = Hold(folder, what, wait=-1)
    try:
        yield
    finally:
        hold.release()
