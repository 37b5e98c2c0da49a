"""The order in which a training sees a data set: a new shuffle for each pass, known from seed and pass alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Order:
    """Which entry the k-th sample of a training takes, k counted over all passes: nothing to save, resume anywhere."""

    size: int
    seed: int = 0
    side: int = 0
    """Unpaired domains are shuffled apart."""
    _kept: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __call__(self, number: int) -> int:
        """The entry of sample `number`."""
        turn, place = divmod(number, self.size)
        return int(self._shuffled(turn)[place])

    def turn(self, number: int) -> int:
        """The pass over the data in which sample `number` falls."""
        return number // self.size

    def _shuffled(self, turn: int) -> np.ndarray:
        with self._lock:
            if turn not in self._kept:
                while len(self._kept) > 2:
                    del self._kept[next(iter(self._kept))]
                shuffle = np.random.Generator(
                    np.random.Philox(key=[self.seed % 2**64, turn * 16 + self.side])
                )
                self._kept[turn] = shuffle.permutation(self.size)
            return self._kept[turn]


@dataclass(frozen=True)
class WeightedOrder:
    """The same for entries of different weight: each pass is as long as there are entries and shows each as often as its
    weight says, rounded up or down (systematic sampling, Madow 1949); of equal weights every one comes once.
    """

    weights: tuple[float, ...]
    seed: int = 0
    _kept: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __call__(self, number: int) -> int:
        """The entry of sample `number`."""
        turn, place = divmod(number, len(self.weights))
        with self._lock:
            if turn not in self._kept:
                while len(self._kept) > 2:
                    del self._kept[next(iter(self._kept))]
                self._kept[turn] = self._drawn(turn)
            return int(self._kept[turn][place])

    def _drawn(self, turn: int) -> np.ndarray:
        chance = np.random.Generator(np.random.Philox(key=[self.seed % 2**64, turn]))
        count = len(self.weights)
        entries = chance.permutation(count)
        reach = np.cumsum(np.asarray(self.weights)[entries])
        points = (np.arange(count) + chance.random()) * (reach[-1] / count)
        return chance.permutation(entries[np.searchsorted(reach, points, side="right").clip(max=count - 1)])
