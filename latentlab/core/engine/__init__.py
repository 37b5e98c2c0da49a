"""Where independent pieces of work run: in processes of this machine or on a Ray cluster; the work is the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeVar

from latentlab.core.engine.engine import Done, Engine, Ready
from latentlab.core.engine.here import Here
from latentlab.core.registry import Registry

Item = TypeVar("Item")
Result = TypeVar("Result")
EngineName = Literal["local", "ray"]
ENGINES: Registry[Engine] = Registry(
    "engine",
    {"local": "latentlab.core.engine.local:Local", "ray": "latentlab.core.engine.on_ray:OnRay"},
)

__all__ = ["ENGINES", "Done", "Engine", "EngineName", "Here", "Ready", "run_blocks"]


def run_blocks(
    work: Callable[[Item], Result], items: Sequence[Item], engine: str = "local", workers: int = 1
) -> Iterator[Result]:
    """Results of `work` on each item, as they are done; with several workers in any order. The first error ends it.

    One local worker is this process itself. On a cluster of several machines, files that `work` reads or writes have to
    lie where all of them see the same.
    """
    kind = ENGINES[engine]  # a wrong name is told before anything runs
    alone = engine == "local" and (workers == 1 or len(items) < 2)
    chosen: Engine = Here() if alone else kind(workers if engine == "local" else None)  # type: ignore[call-arg]
    return _results(chosen, work, items)


def _results(engine: Engine, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    for done in engine.run(Ready(work), items):
        if done.error is not None:
            raise done.error
        yield done.result
