"""Work in the background of a page: a thread with progress, a last line, a result, and a way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from latentlab.core.errors import LatentLabError
from latentlab.core.watch import Watch


class Stopped(Exception):
    """Raised inside the work when somebody cancelled it."""


@dataclass(eq=False)
class Job:
    """One piece of work; ask it how far it is."""

    title: str
    work: Callable[[Watch], Any]
    done: float = 0.0
    text: str = ""
    result: Any = None
    error: str | None = None
    """One sentence, where it failed."""
    image: Tensor | None = None
    """The newest preview, where the work shows one."""
    _cancel: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Job:
        """Begin in a thread of its own."""
        threading.Thread(target=self._run, name=self.title, daemon=True).start()
        return self

    def cancel(self) -> None:
        """Ask it to stop; it does so at its next report."""
        self._cancel.set()

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return not self._over.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is over, after at most so long."""
        return self._over.wait(seconds)

    def _run(self) -> None:
        try:
            self.result = self.work(self._watch)
            self.done = 1.0
        except Stopped:
            self.error = "stopped; what was finished is kept"
        except LatentLabError as error:
            self.error = str(error)
        except Exception as error:  # a thread has nobody to raise to: the page says it
            self.error = (
                f"something went wrong here ({type(error).__name__}); the terminal of the app says more"
            )
            raise
        finally:
            self._over.set()

    def _watch(self, done: float, text: str = "", image: Tensor | None = None) -> None:
        if self._cancel.is_set():
            raise Stopped
        self.done, self.text = min(max(done, 0.0), 1.0), text or self.text
        self.image = image if image is not None else self.image
