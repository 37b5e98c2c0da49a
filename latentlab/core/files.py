"""Atomic writes: a file is either the old one or the whole new one, also after `kill -9` or a full disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentlab.core.errors import BadFile


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on leaving, it is synced and renamed, on an error it is removed."""
    target = Path(path)
    make_folder(target.parent)
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name[:80]}.", suffix=target.suffix
        )
    except OSError as error:
        raise BadFile(f"cannot write {target}: {error.strerror}; choose another folder") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _settle(temporary, target)
    except OSError as error:
        raise BadFile(
            f"cannot write {target}: {error.strerror or error}; nothing was left half-written"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _settle(temporary: Path, target: Path) -> None:
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(temporary, 0o666 & ~umask)
    os.replace(temporary, target)


def make_folder(folder: Path | str) -> Path:
    """The folder, made if need be; one line where that is not possible."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(
            f"cannot make the folder {folder}: {error.strerror}; choose another with --out"
        ) from None
    return folder
