"""What feeds a training from a data set: sample numbers in, batches out, the same for the same numbers every time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Literal

import numpy as np
import torch

from latentlab.core.errors import BadFile, BadInput
from latentlab.data.batches import Batch, stack
from latentlab.data.order import Order
from latentlab.data.reader import Reader
from latentlab.training.ahead import fetch

MOST_IN_A_ROW = 100
"""So many unreadable entries one after another mean that the whole data set is damaged."""


@dataclass(frozen=True, eq=False)
class Source:
    """Calls with sample numbers, counted over the whole training, give batches; nothing in it has to be saved.

    Sample k depends on k and the seed alone: on no batch size, process, worker or restart. Pictures are decoded by
    `workers` threads (decoding and resizing leave Python's lock alone).
    """

    reader: Reader
    seed: int = 0
    shuffle: bool = True
    """A new order for each pass; without it, the order of the files."""
    mirror: bool = False
    """Exchange left and right in half of the samples."""
    workers: int = 4
    on_error: Literal["skip", "stop"] = "skip"
    """An unreadable picture is named in a warning and its successor taken instead, or ends the training."""
    skipped: dict[str, str] = field(default_factory=dict)
    """The unreadable ones so far, and why."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __call__(self, numbers: Sequence[int]) -> Batch:
        """The batch of these samples."""
        if not numbers:
            raise BadInput("an empty batch was asked for; a batch holds at least one sample")
        if self.workers <= 1:
            return stack([self.sample(number) for number in numbers])
        return stack(list(self._pool.map(self.sample, numbers)))

    def sample(self, number: int) -> Batch:
        """One sample, a batch of one."""
        entries = [self._entry(side, number) for side in range(len(self.reader.sizes))]
        sample = self.reader.join(entries)
        if (
            self.mirror
            and np.random.Generator(np.random.Philox(key=[self.seed % 2**64, number])).random() < 0.5
        ):
            return sample.mirrored()
        return sample

    @cached_property
    def _orders(self) -> tuple[Order, ...]:
        return tuple(Order(size, self.seed, side) for side, size in enumerate(self.reader.sizes))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers, "latentlab-decode")

    def close(self) -> None:
        """End the threads."""
        if "_pool" in self.__dict__:
            self._pool.shutdown(cancel_futures=True)
            del self.__dict__["_pool"]

    def _entry(self, side: int, number: int) -> Any:
        size = self.reader.sizes[side]
        start = self._orders[side](number) if self.shuffle else number % size
        for step in range(min(size, MOST_IN_A_ROW)):
            index = (start + step) % size
            name = self.reader.name(side, index)
            if name in self.skipped:
                continue
            try:
                return self.reader.entry(side, index)
            except BadFile as error:
                if self.on_error == "stop":
                    raise
                self._skip(name, str(error))
        raise BadFile(
            f"{self.reader.path}: {min(size, MOST_IN_A_ROW)} entries in a row cannot be read, e.g. "
            f"{next(iter(self.skipped.values()))}"
        )

    def _skip(self, name: str, reason: str) -> None:
        with self._lock:
            if name in self.skipped:
                return
            self.skipped[name] = reason
            so_far = len(self.skipped)
        warnings.warn(f"skipped {so_far} of {len(self.reader)} so far; the latest: {reason}", stacklevel=2)


@dataclass(frozen=True, eq=False)
class Loader:
    """Batches in order, read ahead in the background, dealt to the processes of a team."""

    source: Source
    batch: int
    """Samples in a step, over all processes."""
    rank: int = 0
    world: int = 1
    ahead: int = 3
    """Batches that are read before they are asked for."""

    def __post_init__(self) -> None:
        if self.batch < 1 or self.batch % self.world or not 0 <= self.rank < self.world:
            raise BadInput(
                f"a batch of {self.batch} cannot be dealt to {self.world} processes (this is number {self.rank}); "
                "take a multiple of their number"
            )

    def numbers(self, step: int) -> list[int]:
        """The samples that this process gets at one step."""
        part = self.batch // self.world
        start = step * self.batch + self.rank * part
        return list(range(start, start + part))

    def batches(self, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """The batches of the steps from `start` (0 at first, the step reached when resuming) to `stop`, or endless."""
        steps = count(start) if stop is None else range(start, stop)
        return fetch(self.source, map(self.numbers, steps), torch.device("cpu"), self.ahead)


def once(reader: Reader, batch: int, workers: int = 4) -> Iterator[Batch]:
    """Every sample once, in the order of the files; the last batch may be smaller. An unreadable one is skipped."""
    source = Source(reader, shuffle=False, workers=workers)
    try:
        for start in range(0, len(reader), batch):
            numbers = range(start, min(start + batch, len(reader)))
            samples = [
                s for s in source._pool.map(lambda k: _unless_skipped(source, k), numbers) if s is not None
            ]
            if samples:
                yield stack(samples)
    finally:
        source.close()


def _unless_skipped(source: Source, number: int) -> Batch | None:
    reader = source.reader
    try:
        return reader.read(number)
    except BadFile as error:
        source._skip(reader.name(0, number % reader.sizes[0]), str(error))
        return None
