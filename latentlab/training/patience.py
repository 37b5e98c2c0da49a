"""A first interrupt waits for the step under way; a second one does not."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from latentlab.core.stops import STOPS


class Patience:
    """While entered, SIGINT, SIGTERM and SIGHUP set `ended` instead of stopping the program; a second one stops it."""

    def __init__(self) -> None:
        self.ended = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Patience:
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves them
                    self._before[number] = signal.signal(number, self._notice)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def settle(self) -> None:
        """Pass the interrupt on, now that everything is saved."""
        if self.ended:
            raise KeyboardInterrupt

    def _notice(self, number: int, frame: FrameType | None) -> None:
        if self.ended:
            raise KeyboardInterrupt
        self.ended = True
