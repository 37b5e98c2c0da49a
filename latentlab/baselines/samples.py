"""Where a baseline's samples come from: drawn in the face world, or read from a folder in the layout its paper used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.baselines.baseline import Baseline
from latentlab.core.errors import BadFile
from latentlab.data import READERS
from latentlab.data.batches import Batch, stack
from latentlab.data.source import Source
from latentlab.training.ahead import Source as AnySource

WORLD = "world"
TRAINING_SEED = 970_201
"""Faces of this seed and of those that follow teach; no benchmark judges with them."""


@dataclass(eq=False)
class Drawn:
    """Samples of the face world, each rendered once and then kept in memory: sample k is number k modulo `fresh`."""

    method: Baseline
    seed: int = 0
    fresh: int = 3000
    """How many different samples there are."""
    _kept: dict[int, Batch] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.fresh

    @property
    def fingerprint(self) -> str:
        """What the samples follow from."""
        return f"face world, seed {TRAINING_SEED + self.seed}, {self.fresh} samples"

    def __call__(self, numbers: Sequence[int]) -> Batch:
        places = [self._shuffled(number) for number in numbers]
        if missing := sorted({place for place in places if place not in self._kept}):
            from latentlab.world.render import load_renderer

            batch = self.method.draw(load_renderer(), missing, TRAINING_SEED + self.seed)
            for row, place in enumerate(missing):
                self._kept[place] = _each(batch, lambda value, at=row: _small(value[at : at + 1].clone()))
        return _each(stack([self._kept[place] for place in places]), _large)

    def _shuffled(self, number: int) -> int:
        """Another order in each pass: multiplied by a number that shares no factor with `fresh`, and shifted."""
        turn, place = divmod(number, self.fresh)
        return (place * _step(self.fresh, turn) + 7 * turn) % self.fresh


@dataclass(frozen=True, eq=False)
class Read:
    """Samples of a reader as the method learns from them."""

    method: Baseline
    source: Source

    def __len__(self) -> int:
        return len(self.source.reader)

    @property
    def fingerprint(self) -> str:
        """What was read, without its path."""
        return f"{self.method.layout}, {len(self)} samples"

    def __call__(self, numbers: Sequence[int]) -> Batch:
        return self.method.from_reader(self.source(numbers))


def open_samples(method: Baseline, data: str | Path, seed: int = 0, fresh: int = 3000) -> AnySource:
    """The samples of `world`, or of a folder.

    Raises:
        BadFile: a folder in another layout; the message says which was expected and what was found.
    """
    if str(data) == WORLD:
        return Drawn(method, seed, fresh)
    try:
        reader = READERS[method.layout](Path(data), method.picture_size)
        if min(reader.sizes) < 1:
            raise BadFile(f"{data} holds no samples")
        return Read(method, Source(reader, seed, workers=1))
    except BadFile as error:
        raise BadFile(f"{method.title} learns from the layout '{method.layout}': {error}") from None


def _each(batch: Batch, act: Any) -> Batch:
    return replace(batch, **{one.name: act(getattr(batch, one.name)) for one in fields(batch)})


def _small(value: Tensor) -> Tensor:
    """Pictures in half, masks as bytes: what is kept has to fit into memory."""
    if value.is_floating_point():
        return value.half() if value.ndim == 4 else value
    return value.to(torch.uint8)


def _large(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value.long()


def _step(count: int, turn: int) -> int:
    from math import gcd

    step = 1 + 2 * turn * 1009
    while gcd(step, count) != 1:
        step += 1
    return step
