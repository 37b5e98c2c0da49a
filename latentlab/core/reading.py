"""Opening files that a user names: regular ones only, of bounded size, never a pipe that hangs or a device without end."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from latentlab.core.errors import BadFile, MissingFile, TooLarge


def check_regular(path: Path | str) -> int:
    """The size of a regular file; BadFile where there is none, or something else."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise MissingFile(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise BadFile(f"{path} is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise BadFile(f"cannot read {path}: it is not a regular file")
    return status.st_size


def read_bytes(path: Path | str, most: int) -> bytes:
    """The content of a regular file of at most so many bytes."""
    size = check_regular(path)
    if size > most:
        raise TooLarge(f"{path} has {size} bytes; at most {most} are read")
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror or error}") from None
