"""A file as bytes in memory without reading it: mapped copy-on-write, pages come when a tensor is taken."""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.store.bridge.limits import LARGEST_FILE


def map_file(path: Path | str) -> memoryview:
    """The bytes of a regular file; they live as long as somebody holds the view."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise BadFile(f"there is no file {path}; see: latentlab models list") from None
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BadFile(f"cannot read {path}: it is not a regular file; give a weight file")
        if status.st_size == 0:
            raise BadFile(f"cannot read {path}: it is empty; fetch or copy it again")
        if status.st_size > LARGEST_FILE:
            raise BadFile(f"cannot read {path}: {status.st_size} bytes are more than any weight file has")
        return memoryview(mmap.mmap(handle, status.st_size, access=mmap.ACCESS_COPY))
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror or error}") from None
    finally:
        os.close(handle)
