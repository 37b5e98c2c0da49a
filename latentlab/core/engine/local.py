"""Processes of this machine: one item at a time for each, and a process that dies takes nothing but that item with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

from latentlab.core.engine.engine import TRIES, Done, Engine, Opener, Work, attempt, died
from latentlab.core.files import drop_unfinished
from latentlab.core.ranges import Workers, check

PATIENCE = 10.0
"""Seconds that a process has to end in: it removes what it did not finish."""

_opener: Opener | None = None
_work: Work | None = None


@dataclass(frozen=True)
class Local(Engine):
    """So many processes, each with a pool of its own, so that it is known which item a death belongs to."""

    workers: Workers = 1

    def __post_init__(self) -> None:
        check(self)

    def run(self, opener: Opener, items: Sequence[Any]) -> Iterator[Done]:
        seats = [_Seat(opener) for _ in range(min(self.workers, len(items)))]
        left = iter(range(len(items)))
        running: dict[Future[Done], _Seat] = {}
        try:
            for seat in seats:
                seat.give(next(left), items, running)
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    seat = running.pop(future)
                    done = seat.outcome(future)
                    if done is None:
                        seat.give(seat.number, items, running)
                        continue
                    if (number := next(left, None)) is not None:
                        seat.give(number, items, running)
                    yield done
        finally:
            for seat in seats:
                seat.leave()


@dataclass(eq=False)
class _Seat:
    """A place for one process, refilled when it dies."""

    opener: Opener
    pool: ProcessPoolExecutor | None = None
    number: int = -1
    deaths: dict[int, int] = field(default_factory=dict)

    def give(self, number: int, items: Sequence[Any], running: dict[Future[Done], _Seat]) -> None:
        self.number = number
        try:
            future = self._open().submit(_do, number, items[number])
        except BrokenProcessPool:  # it died between two items
            self.leave()
            future = self._open().submit(_do, number, items[number])
        running[future] = self

    def outcome(self, future: Future[Done]) -> Done | None:
        """What came of the item; None where its process died and it is to be tried again."""
        try:
            return future.result()
        except BrokenProcessPool:
            self.leave()
            deaths = self.deaths[self.number] = self.deaths.get(self.number, 0) + 1
            if deaths < TRIES:
                return None
            return Done(self.number, error=died(deaths))

    def leave(self) -> None:
        """End the process at once: files are written whole or not at all, so nothing is lost but the item."""
        if self.pool is None:
            return
        for process in list((self.pool._processes or {}).values()):
            with suppress(OSError, ValueError):
                process.terminate()
                process.join(PATIENCE)
                process.kill()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.pool = None

    def _open(self) -> ProcessPoolExecutor:
        if self.pool is None:
            context = multiprocessing.get_context("spawn")
            self.pool = ProcessPoolExecutor(1, context, _begin, (self.opener,))
        return self.pool


def _begin(opener: Opener) -> None:
    """In a new process: it ends with its parent, which alone answers the terminal's signals."""
    global _opener
    _opener = opener
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    _end()


def _end() -> NoReturn:
    drop_unfinished()
    os._exit(1)


def _do(number: int, item: Any) -> Done:
    global _work
    if _work is None:
        assert _opener is not None, "a process begins with its opener"
        _work = _opener()
    return attempt(_work, number, item)
