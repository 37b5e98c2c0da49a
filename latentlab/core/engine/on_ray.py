"""A Ray cluster (Moritz et al. 2018): actors that open the work once each, items handed out by Ray Data."""

from __future__ import annotations

import logging
import os
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from latentlab.core.engine.cluster import actors, connect
from latentlab.core.engine.engine import TRIES, Done, Engine, Opener, attempt, died
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.ranges import Workers, check

MOST_TASKS = 20_000
"""Ray Data plans so many tasks at most; of more items several share one."""


@dataclass(frozen=True)
class OnRay(Engine):
    """So many actors; None takes every CPU but the one that Ray's own actors need."""

    workers: Workers | None = None

    def __post_init__(self) -> None:
        check(self)

    def run(self, opener: Opener, items: Sequence[Any]) -> Iterator[Done]:
        try:
            import ray
            import ray.data
        except ImportError:
            raise MissingPart("the engine 'ray' needs Ray: pip install 'latentlab[cluster]'") from None
        if not len(items):
            return
        connect(ray, self.workers)
        count = actors(ray, self.workers)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False  # our own bar watches the results
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        # once in the object store: a network is too large for the closure of a task
        shared = ray.put((opener, list(items), os.getcwd()))
        rows = ray.data.range(len(items), override_num_blocks=min(len(items), MOST_TASKS))
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=min(count, len(items)))
        begun = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Begun).remote()
        made: Any = _Actor  # Ray's types know functions alone
        done = rows.map(made, fn_constructor_args=([shared], begun), compute=pool, num_cpus=1)
        for row in done.iter_rows():
            yield _told(row)


class _Begun:
    """Once in the cluster: which items were begun and not finished. Ray begins those of dead actors again, for ever."""

    def __init__(self) -> None:
        self.times: Counter[int] = Counter()

    def begin(self, number: int) -> int:
        """How often its process died before."""
        self.times[number] += 1
        return self.times[number] - 1

    def end(self, number: int) -> None:
        del self.times[number]


class _Actor:
    """On a worker: the work, opened once."""

    def __init__(self, shared: list[Any], begun: Any) -> None:
        import ray

        self.begun, self.get = begun, ray.get
        opener, self.items, folder = ray.get(shared[0])
        with suppress(OSError):
            os.chdir(folder)  # relative paths mean what they mean at home
        self.error: LatentLabError | None = None
        try:
            self.work = opener()
        except (
            LatentLabError
        ) as error:  # told for each item: an actor that cannot begin would be begun for ever
            self.error = error

    def __call__(self, row: dict[str, Any]) -> dict[str, bytes]:
        """The result, or what the user has to mend, as bytes that Arrow need not understand."""
        number = int(row["id"])
        if self.error is not None:
            return {"done": pickle.dumps(Done(number, error=self.error))}
        deaths = self.get(self.begun.begin.remote(number))
        if deaths >= TRIES:
            return {"done": pickle.dumps(Done(number, error=died(deaths)))}
        done = attempt(self.work, number, self.items[number])
        self.get(self.begun.end.remote(number))
        return {"done": pickle.dumps(done)}


def _told(row: dict[str, bytes]) -> Done:
    done = pickle.loads(row["done"])  # our own, of a moment ago
    assert isinstance(done, Done), "what an actor answers"
    return done
