"""Temporary files that a killed process left: told by their name, and by the lock that only a live process holds."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # no locks on open files here: the process number alone tells
    fcntl = None  # type: ignore[assignment]

PATTERN = re.compile(r"\..*\.latentlab-(\d+)-[0-9a-f]{8}(\.[^.]*)?")
LONGEST = 120
"""Bytes of the target's name that a temporary name keeps; a file system takes 255 in all."""
FRESH = 60.0
"""Seconds in which a file whose process number is alive is left alone, whatever its lock says."""


def name_for(target: Path, process: int) -> str:
    """A hidden name that says what it will become and which process writes it."""
    stem = os.fsencode(target.name)[:LONGEST].decode("utf-8", "ignore")
    ending = target.suffix if len(os.fsencode(target.suffix)) <= 20 else ""
    return f".{stem}.latentlab-{process}-{secrets.token_hex(4)}{ending}"


def live(handle: int) -> None:
    """Mark an open file or folder as being written, until it is closed or the process dies."""
    if fcntl is not None:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_looked_into: set[str] = set()


def sweep_once(folder: Path) -> list[Path]:
    """`sweep_folder` of the folder alone, before this process first writes into it; returns what went.

    With many files in it, a look at each write would cost more than the write.
    """
    name = os.path.abspath(folder)
    if name in _looked_into:
        return []
    _looked_into.add(name)
    return sweep_folder(folder, deep=False)


def sweep_folder(folder: Path, *, deep: bool = True) -> list[Path]:
    """Remove what killed writers left in a folder, and below it where `deep`; returns what went."""
    if not folder.is_dir():
        return []
    return _remove((folder.rglob if deep else folder.glob)(".*.latentlab-*"))


def _remove(candidates: Iterator[Path]) -> list[Path]:
    gone = []
    with suppress(OSError):  # a folder that vanishes meanwhile, or cannot be read
        for path in list(candidates):
            if _is_dead(path):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
                gone.append(path)
    return gone


def _is_dead(path: Path) -> bool:
    match = PATTERN.fullmatch(path.name)
    if match is None or path.is_symlink():
        return False
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        young = time.time() - os.fstat(handle).st_mtime < FRESH
        if fcntl is None:
            return not _runs(int(match[1]))
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its writer lives
        return not (young and _runs(int(match[1])))
    except OSError:
        return False
    finally:
        os.close(handle)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True
