"""Where independent blocks of work run: here one after another, or on a Ray cluster; the work is the same code."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, nullcontext
from typing import Any, TypeVar

from latentlab.core.errors import LatentLabError, MissingPart, unknown

Item = TypeVar("Item")
Result = TypeVar("Result")
ENGINES = ("local", "ray")


def run_blocks(
    work: Callable[[Item], Result], items: Sequence[Item], engine: str = "local"
) -> Iterator[Result]:
    """Results of `work` on each item, as they are done; on Ray in any order.

    On a cluster of several machines, files that `work` reads or writes have to lie where all of them see the same.
    """
    if engine == "local":
        return (work(item) for item in items)
    if engine == "ray":
        return _on_ray(work, items)
    raise unknown("engine", engine, ENGINES)


def _on_ray(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """One Ray Data task for each item; RAY_ADDRESS names a cluster, else this machine is one."""
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingPart("the engine 'ray' needs Ray: pip install 'latentlab[cluster]'") from None
    if not items:
        return
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # our own bar watches the results
    # once in the object store: a network is too large for the closure of a task
    shared = ray.put((work, list(items), os.getcwd()))
    rows = ray.data.range(len(items), override_num_blocks=len(items))
    for row in rows.map(lambda row: _one(ray.get(shared), int(row["id"]))).iter_rows():
        yield _result(row)


def _one(shared: tuple[Callable[[Any], Any], list[Any], str], number: int) -> dict[str, bytes]:
    """On a worker: the result, or what the user has to mend, as bytes that Arrow need not understand."""
    work, items, folder = shared
    try:
        here = (
            chdir(folder) if os.path.isdir(folder) else nullcontext()
        )  # relative paths mean what they mean at home
        with here:
            return {"result": pickle.dumps((work(items[number]), None))}
    except LatentLabError as error:
        return {"result": pickle.dumps((None, error))}


def _result(row: dict[str, bytes]) -> Any:
    result, error = pickle.loads(row["result"])  # our own, of a moment ago
    if error is not None:
        raise error
    return result
