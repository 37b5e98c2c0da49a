"""The one thread of a process that computes: a bounded queue, requests of one kind together, slow jobs in between."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from latentlab.core.errors import LatentLabError

SMOOTH = 0.1
"""Share of the newest measurement in the mean time of an answer."""


class Full(LatentLabError):
    """More waits than the queue takes."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full; ask again in {seconds} s")
        self.seconds = seconds


@dataclass(eq=False)
class Asked:
    """One quick request that waits."""

    kind: Any
    """Requests of equal kind are answered in one call."""
    photo: tuple[str, bytes]
    future: Future[Any] = field(default_factory=Future)


Answer = Callable[[Any, Sequence[tuple[str, bytes]]], Sequence[Any]]
"""A kind and its photos to what came of each."""
Slow = Callable[[Callable[[], None]], None]
"""A job; it calls what it is given now and then, so that quick requests need not wait for its end."""


class ModelThread:
    """Everything that touches a network happens here, one after another."""

    def __init__(self, answer: Answer, most: int, together: int, told: Callable[[int, float], None]) -> None:
        self._answer, self._most, self._together, self._told = answer, most, together, told
        self._quick: deque[Asked] = deque()
        self._slow: deque[Slow] = deque()
        self._change = threading.Condition()
        self._ended = False
        self.mean = 0.2
        """Seconds of one answer, smoothed."""
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests and jobs that have not begun."""
        return len(self._quick) + len(self._slow)

    def ask(self, kind: Any, photo: tuple[str, bytes]) -> Future[Any]:
        """Put a quick request at the end; Full where too many wait."""
        asked = Asked(kind, photo)
        with self._change:
            self._check(len(self._quick))
            self._quick.append(asked)
            self._change.notify()
        return asked.future

    def start(self, job: Slow) -> None:
        """Put a slow job at the end; it begins when nothing quick waits."""
        with self._change:
            self._check(len(self._slow))
            self._slow.append(job)
            self._change.notify()

    def end(self) -> None:
        """No more work is begun."""
        with self._change:
            self._ended = True
            self._change.notify()

    def _check(self, length: int) -> None:
        if length >= self._most:
            raise Full(max(1, round(length * self.mean)))

    def _run(self) -> None:
        while True:
            with self._change:
                while not (self._quick or self._slow or self._ended):
                    self._change.wait()
                if self._ended:
                    return
                job = None if self._quick else self._slow.popleft()
            if job is None:
                self._serve()
            else:
                job(self._serve_all)

    def _serve_all(self) -> None:
        while self._quick:
            self._serve()

    def _serve(self) -> None:
        """The first that waits, and others of its kind with it."""
        with self._change:
            group = self._take()
        group = [asked for asked in group if asked.future.set_running_or_notify_cancel()]
        if not group:
            return
        began = time.perf_counter()
        try:
            answers = self._answer(group[0].kind, [asked.photo for asked in group])
        except Exception as error:  # told to whoever waits; the thread goes on
            for asked in group:
                asked.future.set_exception(error)
        else:
            for asked, answer in zip(group, answers, strict=True):
                asked.future.set_result(answer)
        seconds = time.perf_counter() - began
        self.mean += SMOOTH * (seconds / len(group) - self.mean)
        self._told(len(group), seconds)

    def _take(self) -> list[Asked]:
        if not self._quick:
            return []
        first = self._quick.popleft()
        alike = [asked for asked in self._quick if asked.kind == first.kind][: self._together - 1]
        for asked in alike:
            self._quick.remove(asked)
        return [first, *alike]
