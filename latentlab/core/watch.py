"""How long work reports: a callable that is given the share done, a line of text, and a picture if there is one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Watch(Protocol):
    """Called now and then by long work; may raise KeyboardInterrupt to stop it."""

    def __call__(self, done: float, text: str = "", image: Tensor | None = None) -> None: ...


def silent(done: float, text: str = "", image: Tensor | None = None) -> None:
    """The watch that looks away."""


def part(watch: Watch, begins: float, ends: float) -> Watch:
    """The watch of a part of the work, which reports its own share from 0 to 1."""

    def watch_part(done: float, text: str = "", image: Tensor | None = None) -> None:
        watch(begins + done * (ends - begins), text, image)

    return watch_part


def on_stderr(done: float, text: str = "", image: Tensor | None = None) -> None:
    """The watch of programs without a terminal: a line for each report."""
    sys.stderr.write(f"{done:6.1%} {text}\n")
