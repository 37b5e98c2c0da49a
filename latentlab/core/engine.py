"""Where independent blocks of work run: here one after another, or on a Ray cluster; the work is the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeVar

from latentlab.core.errors import MissingPart, unknown

Item = TypeVar("Item")
Result = TypeVar("Result")
Engine = Literal["local", "ray"]
ENGINES = ("local", "ray")


def run_blocks(
    work: Callable[[Item], Result], items: Sequence[Item], engine: str = "local"
) -> Iterator[Result]:
    """Results of `work` on each item, as they are done; on Ray in any order."""
    if engine == "local":
        return (work(item) for item in items)
    if engine == "ray":
        return _on_ray(work, items)
    raise unknown("engine", engine, ENGINES)


def _on_ray(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    try:
        import ray.data
    except ImportError:
        raise MissingPart("the engine 'ray' needs Ray: pip install 'latentlab[cluster]'") from None
    rows = ray.data.from_items([{"item": item} for item in items], override_num_blocks=max(len(items), 1))
    done = rows.map(lambda row: {"result": work(row["item"])})
    return (row["result"] for row in done.iter_rows())
