"""What an engine is: pieces of work in, results in any order out; workers that die are replaced."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from latentlab.core.errors import LatentLabError

Work = Callable[[Any], Any]
"""One item to its result."""
Opener = Callable[[], Work]
"""Called once in each worker, where it may load what the work needs; goes to workers by pickle, as items and results do."""


TRIES = 2
"""So often is an item tried whose process died: once more may be bad luck, twice is the item."""


class WorkerDied(LatentLabError):
    """The process that did a piece of work was killed, or crashed, each time it was tried."""


@dataclass(frozen=True)
class Done:
    """What became of one item."""

    number: int
    """Its place among the items."""
    result: Any = None
    error: LatentLabError | None = None


@dataclass(frozen=True)
class Ready:
    """An opener of work that needs no opening."""

    work: Work

    def __call__(self) -> Work:
        return self.work


class Engine(ABC):
    """Subclasses are frozen dataclasses."""

    @abstractmethod
    def run(self, opener: Opener, items: Sequence[Any]) -> Iterator[Done]:
        """Every item once, as they are done; an exception that is no LatentLabError is a bug and ends it."""


def attempt(work: Work, number: int, item: Any) -> Done:
    """One item done, or what the user has to mend."""
    try:
        return Done(number, work(item))
    except LatentLabError as error:
        return Done(number, error=error)


def died(times: int) -> WorkerDied:
    """What is told of an item that was tried so often."""
    return WorkerDied(f"its process died {times} times")
