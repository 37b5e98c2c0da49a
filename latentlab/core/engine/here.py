"""The engine without workers: everything in this process, in the order of the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from latentlab.core.engine.engine import Done, Engine, Opener, attempt


@dataclass(frozen=True)
class Here(Engine):
    """One after another."""

    def run(self, opener: Opener, items: Sequence[Any]) -> Iterator[Done]:
        if not len(items):
            return
        work = opener()
        for number, item in enumerate(items):
            yield attempt(work, number, item)
