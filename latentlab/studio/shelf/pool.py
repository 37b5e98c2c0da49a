"""Loaded networks, each once for each file and device, shared between sessions; what is in the pool is never written to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock, RLock
from typing import TypeVar
from weakref import WeakValueDictionary

Part = TypeVar("Part")
MOST = 8
"""So many parts stay loaded though nobody uses them; what somebody uses is never loaded twice."""


@dataclass(eq=False)
class Pool:
    """Parts by what they were made from."""

    most: int = MOST
    _recent: OrderedDict[Hashable, object] = field(default_factory=OrderedDict, repr=False)
    _living: WeakValueDictionary[Hashable, object] = field(default_factory=WeakValueDictionary, repr=False)
    _loading: dict[Hashable, RLock] = field(default_factory=dict, repr=False)
    _door: Lock = field(default_factory=Lock, repr=False)

    def get(self, key: Hashable, load: Callable[[], Part]) -> Part:
        """The part of this key, loaded if nobody has it; two that ask at once wait for one loading."""
        with self._door:
            turn = self._loading.setdefault(key, RLock())
        with turn:
            found = self._living.get(key)
            if found is None:
                found = load()
            self._keep(key, found)
        return found  # type: ignore[return-value]  # a key stands for one kind of part

    def _keep(self, key: Hashable, part: object) -> None:
        with self._door:
            self._living[key] = part
            self._recent[key] = part
            self._recent.move_to_end(key)
            while len(self._recent) > self.most:
                self._recent.popitem(last=False)

    def parts(self) -> dict[Hashable, object]:
        """Everything that is loaded, by its key."""
        with self._door:
            return dict(self._living)

    def __len__(self) -> int:
        return len(self._living)


def file_key(path: Path) -> tuple[str, int, int]:
    """What tells a file from a changed one of the same name."""
    seen = path.stat()
    return str(path.resolve()), seen.st_mtime_ns, seen.st_size


@cache
def shared_pool() -> Pool:
    """The pool of this process."""
    return Pool()
