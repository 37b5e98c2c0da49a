"""Work beside whoever makes what is worked on: pictures are encoded and written while the next ones are drawn."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_WORKERS = 8
AHEAD = 2
"""Items for each worker that may be under way: memory stays flat, however many there are."""


def overlapped(
    items: Iterable[Item], work: Callable[[Item], Result], workers: int | None = None
) -> Iterator[Result]:
    """`work(item)` of each item in their order, done on threads while the next items are made in the caller's thread.

    The first error ends it, whether of the items or of the work on one; work that was not begun is then left undone.

    Args:
        items: made one after another, in the thread of whoever asks for the results.
        work: sees the context variables of that thread; has to let others run while it computes or waits.
        workers: threads; one for each core, at most eight, if left out.
    """
    count = workers or max(2, min(MOST_WORKERS, os.cpu_count() or 1))
    pool = ThreadPoolExecutor(count, thread_name_prefix="overlapped")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(copy_context().run, work, item))
            while waiting and (len(waiting) >= AHEAD * count or waiting[0].done()):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
