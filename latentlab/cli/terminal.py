"""What a terminal can take: other encodings, closed and full outputs, and failures of the machine in one line each."""

from __future__ import annotations

import codecs
import errno
import json
import os
import sys

from latentlab.core.errors import LatentLabError
from latentlab.core.text import escaped

PLAIN = {
    "→": "->",
    "…": "...",
    "●": "*",
    "×": "x",
    "·": "*",
    "ψ": "psi",
    "σ": "sd",
    "≥": ">=",
    "≤": "<=",
    "–": "-",
}
"""What is written where an encoding lacks a character of ours."""


class CannotPrint(LatentLabError):
    """Standard output takes no more."""


def prepare() -> None:
    """Make the streams take every character, and stand in for those that are closed.

    Raises:
        CannotPrint: standard output is closed.
    """
    codecs.register_error("latentlab", _replace)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (as long as the process lives)
    if sys.stdout is None:
        raise CannotPrint("standard output is closed; send it to a file, or to /dev/null")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="latentlab")


def put(text: str, end: str = "\n") -> None:
    """Print on stdout at once, what a terminal would act on written out; CannotPrint where it is full."""
    try:
        sys.stdout.write(harmless(text) + end)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        give_up()
        reason = getattr(error, "strerror", None) or error
        raise CannotPrint(
            f"cannot write to standard output: {reason}; what was saved until now is kept"
        ) from None


def put_json(values: object) -> None:
    """One line of JSON, in ASCII where the output is not Unicode."""
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") in (
        "utf8",
        "utf16",
        "utf32",
    )
    text = json.dumps(values, ensure_ascii=not unicode, default=str)
    put(text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def harmless(text: str) -> str:
    """Lines stay lines, and bytes of a file name that are no text stay bytes; all else that does something is written out."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or "\udc80" <= c <= "\udcff" else escaped(c) for c in text)


def give_up() -> None:
    """Nothing may be flushed at exit into an output that takes no more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


def machine_trouble(error: BaseException) -> str | None:
    """A failure of disk, memory or system in words; None for what is a bug of ours."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno is not None:
        where = f": {str(error.filename)[:120]}" if error.filename else ""
        advice = {
            errno.ENOSPC: "; free some space",
            errno.EMFILE: "; raise ulimit -n",
            errno.ENOMEM: "; free some memory",
        }
        return f"{error.strerror or text}{where}{advice.get(error.errno, '')}"
    marks = (
        "can't allocate memory",
        "out of memory",
        "failed to map segment",
        "cannot allocate memory",
        "can't start new thread",
    )
    if isinstance(error, MemoryError) or any(mark in text.lower() for mark in marks):
        return f"there is not enough memory ({text[:120] or 'none is left'}); close other programs, or raise ulimit -v"
    return None


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    if all("\udc80" <= letter <= "\udcff" for letter in part):  # bytes of a file name that are no text
        return bytes(ord(letter) - 0xDC00 for letter in part), error.end
    return "".join(PLAIN.get(letter, "?") for letter in part), error.end
