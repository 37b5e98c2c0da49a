"""The one door for every write: whole or not at all, never over an input, never over what others made.

Rules: a link is followed to the file it ends at and stays a link, the checks look at that file; devices, pipes and
folders are never written over; what latentlab did not make (`core.made`) is replaced only inside `writing(force=True)`;
a file keeps its permissions, a new one gets those of the umask. A temporary file lies beside its target and is locked
while its process lives, so that what a killed one left can be told from one that is being written.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.errors import BadFile, LatentLabError
from latentlab.core.leftovers import live, name_for, sweep_once
from latentlab.core.made import made_here, marked

SPARE = 1 << 16
"""A disk with fewer free bytes than these is full."""


@dataclass(frozen=True)
class Rules:
    """What holds for every write of one command."""

    inputs: frozenset[tuple[int, int]] = frozenset()
    """Device and number of files that the command reads."""
    force: bool = False
    """Whether files that others made may be replaced."""


_RULES: ContextVar[Rules] = ContextVar("rules of writing")
_NONE = Rules()


@contextmanager
def writing(*, inputs: Iterable[Path | str] = (), force: bool = False) -> Iterator[None]:
    """Inside, these inputs are never written over; with `force` files that others made may be replaced."""
    before = _RULES.get(_NONE)
    seen = {(found.st_dev, found.st_ino) for path in inputs if (found := _look(Path(path))) is not None}
    token = _RULES.set(Rules(before.inputs | seen, before.force or force))
    try:
        yield
    finally:
        _RULES.reset(token)


def may_write(path: Path | str, *, own: bool = False, force: bool = False) -> Path:
    """Where a write to `path` ends up; BadFile where it must not be written.

    Args:
        own: the name is latentlab's own, in a folder that it made: nobody else's file can be there.
        force: replace what others made.
    """
    path, rules = Path(path), _RULES.get(_NONE)
    target = _end(path)
    found = _look(target)
    if found is None:
        return target
    if stat.S_ISDIR(found.st_mode):
        raise BadFile(f"{path} is a folder; choose another name or folder with `out`")
    if not stat.S_ISREG(found.st_mode):
        raise BadFile(f"{path} is no regular file; name a file to write with `out`")
    if (found.st_dev, found.st_ino) in rules.inputs:
        raise BadFile(f"{path} is what this command reads; it is never written over: choose another `out`")
    if own or force or rules.force:
        return target
    if not made_here(target):
        raise BadFile(f"{path} exists and latentlab did not make it; choose another `out`, or `force`")
    if not os.access(target, os.W_OK):
        raise BadFile(f"{path} is read-only; choose another `out`, or `force`")
    return target


@contextmanager
def atomic(path: Path | str, *, own: bool = False, force: bool = False) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on leaving, it is synced and renamed, on an error it is removed.

    Raises:
        BadFile: `may_write` says no, or the disk does; the old file is as it was.
    """
    target = may_write(path, own=own, force=force)
    make_folder(target.parent)
    sweep_once(target.parent)
    temporary, handle = _open(target)
    try:
        yield temporary
        _settle(temporary, may_write(target, own=own, force=force))
    except LatentLabError:
        raise
    except Exception as error:
        raise _unwritten(error, path) from None
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)
        _begun.discard(temporary)


_begun: set[Path] = set()
"""Temporary files of this process that are not finished."""


def drop_unfinished() -> None:
    """Remove what an interruption between two instructions left: for the end of a process, when nobody writes any more."""
    for temporary in list(_begun):
        with suppress(OSError):
            temporary.unlink()
        _begun.discard(temporary)


@contextmanager
def draft_folder(beside: Path) -> Iterator[Path]:
    """An empty folder beside `beside`, to be filled and renamed; what is still there on leaving is removed."""
    make_folder(beside.parent)
    sweep_once(beside.parent)
    draft = beside.parent / name_for(beside, os.getpid())
    try:
        draft.mkdir()
        handle = os.open(draft, os.O_RDONLY)
    except OSError as error:
        raise BadFile(f"cannot write into {beside.parent}: {error.strerror}; choose another folder") from None
    live(handle)
    try:
        yield draft
    except LatentLabError:
        raise
    except Exception as error:
        raise _unwritten(error, beside) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(handle)


def write_text(path: Path | str, text: str, *, own: bool = False) -> Path:
    """Text in UTF-8, through the door; pages and settings get the comment that tells who made them."""
    with atomic(path, own=own) as temporary:
        temporary.write_text(text if own else marked(text, Path(path)), encoding="utf-8")
    return Path(path)


def make_folder(folder: Path | str) -> Path:
    """The folder, made if need be; one line where that is not possible."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFile(
            f"cannot make the folder {folder}: {error.strerror}; choose another with `out`"
        ) from None
    return folder


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (
        OSError,
        ValueError,
    ) as error:  # too long a name, a loop of links, a folder that cannot be searched
        raise BadFile(f"cannot use {_short(path)}: {getattr(error, 'strerror', None) or error}") from None


def _end(path: Path) -> Path:
    """The file at the end of a chain of links, which need not exist."""
    try:
        return Path(os.path.realpath(path)) if path.is_symlink() else path
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot use {_short(path)}: {getattr(error, 'strerror', None) or error}") from None


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 120 else f"{text[:100]}… ({len(os.fsencode(text))} bytes)"


def _open(target: Path) -> tuple[Path, int]:
    temporary = target.parent / name_for(target, os.getpid())
    _begun.add(temporary)
    try:
        handle = os.open(
            temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666
        )  # less what the umask takes away
    except OSError as error:
        raise BadFile(f"cannot write {target}: {error.strerror}; choose another folder") from None
    live(handle)
    return temporary, handle


def _settle(temporary: Path, target: Path) -> None:
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    with suppress(FileNotFoundError):
        os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
    os.replace(temporary, target)


def _unwritten(error: Exception, path: Path | str) -> Exception:
    """In one line if it was the disk, else the error itself."""
    reason = _reason(error, Path(path).parent)
    return (
        error if reason is None else BadFile(f"cannot write {path}: {reason}; nothing was left half-written")
    )


def _reason(error: Exception, folder: Path) -> str | None:
    """Why a write failed, if it was the disk; libraries have errors of their own for a full one."""
    text = str(error)
    marks = ("No space left", "os error 28", "Disk quota", "File too large", "os error 27")
    with suppress(OSError):
        if any(mark in text for mark in marks) or shutil.disk_usage(folder).free < SPARE:
            return (
                "the disk is full"
                if "too large" not in text and "error 27" not in text
                else "the file grew too large"
            )
    if isinstance(error, OSError):
        return error.strerror or " ".join(text.split())
    return None
