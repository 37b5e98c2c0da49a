"""Batches fetched ahead of the step that needs them, so that the device never waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

Source = Callable[[Sequence[int]], Any]
"""From the numbers of samples, counted over the whole training, to a batch: always the same for the same numbers.

A batch is a tensor, or a mapping, list, tuple or dataclass of such.
"""


def fetch(
    source: Source, batches: Iterator[list[int]], device: torch.device, depth: int = 2
) -> Iterator[Any]:
    """The batches of these sample numbers, moved to the device, read by a thread `depth` steps ahead (0: on demand)."""
    if depth == 0:
        for numbers in batches:
            yield move(source(numbers), device)
        return
    with ThreadPoolExecutor(1, "latentlab-data") as pool:
        waiting: deque[Future[Any]] = deque()
        try:
            for numbers in batches:
                waiting.append(pool.submit(_read, source, numbers, device))
                if len(waiting) > depth:
                    yield move(waiting.popleft().result(), device)
            while waiting:
                yield move(waiting.popleft().result(), device)
        finally:
            for future in waiting:
                future.cancel()


def _read(source: Source, numbers: list[int], device: torch.device) -> Any:
    batch = source(numbers)
    if device.type != "cuda":
        return batch
    return each(batch, lambda value: value.pin_memory() if value.device.type == "cpu" else value)


def move(batch: Any, device: torch.device) -> Any:
    """The same batch on a device."""
    return each(batch, lambda value: value.to(device, non_blocking=True))


def each(batch: Any, act: Callable[[Tensor], Tensor]) -> Any:
    """The same batch with each of its tensors replaced."""
    if isinstance(batch, Tensor):
        return act(batch)
    if isinstance(batch, dict):
        return {key: each(value, act) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(each(value, act) for value in batch))
    if isinstance(batch, list | tuple):
        return type(batch)(each(value, act) for value in batch)
    if hasattr(batch, "__dataclass_fields__"):
        values = {name: each(getattr(batch, name), act) for name in batch.__dataclass_fields__}
        return type(batch)(**values)
    return batch
