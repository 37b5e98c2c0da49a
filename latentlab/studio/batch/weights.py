"""Loaded networks for other processes: one file, mapped into the memory of each, so that weights lie there once."""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from latentlab.core.errors import LatentLabError
from latentlab.core.files import atomic
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.pool import Pool


@contextmanager
def lent(studio: Lab, place: Path) -> Iterator[Path | None]:
    """A file with everything that is loaded on the CPU, for as long as workers need it; None where that is not possible."""
    try:
        yield share(studio, place)
    finally:
        place.unlink(missing_ok=True)


def share(studio: Lab, place: Path) -> Path | None:
    """Write the file; a GPU's memory is another matter: there each process loads its own."""
    if studio.place.type != "cpu":
        return None
    try:
        with atomic(place, own=True) as temporary:
            torch.save(studio.pool.parts(), temporary)
    except (pickle.PicklingError, AttributeError, TypeError, LatentLabError):
        return None  # no room, or a part that only this process can hold: each worker loads its own
    return place


def adopt(pool: Pool, place: Path) -> list[object]:
    """Put what another process loaded into a pool; keep what is returned, or the pool may forget it."""
    # our own file of a moment ago, written by the process that started this one
    parts: dict[Hashable, object] = torch.load(place, mmap=True, weights_only=False)
    return [pool.get(key, lambda part=part: part) for key, part in parts.items()]  # type: ignore[misc]
