"""Addresses of photos: paths of this machine, and whatever fsspec has a driver for (`s3://…`, `https://…`, `memory://…`)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from latentlab.core.errors import BadFile, EmptyFile, LatentLabError, MissingFile, MissingPart, TooLarge
from latentlab.core.reading import read_bytes

MOST_BYTES = 200 << 20
"""Of one photo."""
FIRST_WAIT = 0.5
"""Seconds before the second try; each further wait is twice as long."""
CERTAIN = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError, NotImplementedError)
"""What another try does not mend."""


class Unreachable(LatentLabError):
    """A store that does not answer, however often it is asked."""


def is_remote(address: str) -> bool:
    """Whether it names a protocol."""
    return "://" in address


def join(base: str, name: str) -> str:
    """An address relative to a folder; an address that stands for itself stays as it is."""
    if is_remote(name) or Path(name).is_absolute():
        return name
    return f"{base.rstrip('/')}/{name}" if is_remote(base) else str(Path(base) / name)


def file_system(address: str) -> tuple[Any, str]:
    """The driver of an address and the path in its store; MissingPart where the driver is not installed."""
    import fsspec

    protocol = address.partition("://")[0].split("::")[0]
    try:
        return fsspec.core.url_to_fs(address)
    except ImportError as error:
        needed = " ".join(str(error).split())
        raise MissingPart(f"addresses of {protocol}:// need a driver that is not here ({needed})") from None
    except (ValueError, OSError) as error:
        raise BadFile(
            f"cannot open {address}: {' '.join(str(error).split())[:160]}; is '{protocol}' right?"
        ) from None


def check_drivers(addresses: Iterable[str]) -> None:
    """MissingPart or BadFile for the first protocol that cannot be read here."""
    firsts: dict[str, str] = {}
    for address in addresses:
        if is_remote(address):
            firsts.setdefault(address.partition("://")[0], address)
    for address in firsts.values():
        file_system(address)


def fetch(address: str, tries: int = 3) -> bytes:
    """The bytes of one file; what may pass is tried again, each time after a longer wait."""
    for turn in range(tries):
        try:
            content = _read(address)
        except LatentLabError:
            raise
        except CERTAIN as error:
            raise _certain(address, error) from None
        except Exception as error:  # drivers have types of their own for a store that does not answer
            if turn + 1 == tries:
                reason = " ".join(str(error).split())[:160] or type(error).__name__
                raise Unreachable(f"cannot read {address}: {reason} (tried {tries} times)") from None
            time.sleep(FIRST_WAIT * 2**turn)
            continue
        if not content:
            raise EmptyFile(f"{address} is empty")
        return content
    raise AssertionError("the last try returns or raises")


def _read(address: str) -> bytes:
    if not is_remote(address):
        return read_bytes(address, MOST_BYTES)
    store, path = file_system(address)
    with store.open(path, "rb") as file:
        content: bytes = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TooLarge(f"{address} has more than {MOST_BYTES} bytes, the most that are read")
    return content


def _certain(address: str, error: Exception) -> LatentLabError:
    if isinstance(error, FileNotFoundError):
        return MissingFile(f"there is no file {address}")
    return BadFile(f"cannot read {address}: {' '.join(str(error).split())[:160] or type(error).__name__}")
