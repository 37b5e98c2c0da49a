"""What a worker does: a shard of items looked at, made and written; or a single item, where a shard killed its process."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.image import encode_picture
from latentlab.core.latent import Latent, Space
from latentlab.studio.batch.look import Seen, Unexpected, see_all
from latentlab.studio.batch.manifest import ID, LATENT, PATH, SEED, SPACE
from latentlab.studio.batch.plan import Plan
from latentlab.studio.batch.shards import EFFORT, KINDS, Album, Counts, Layout, Row
from latentlab.studio.batch.tasks.task import Drawn, Item, Made, OpenTask, Outcome, Task
from latentlab.studio.batch.weights import adopt
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    import pyarrow as pa

TOGETHER = 16
"""Items that are made in one call."""
MOST_PIXELS = 48_000_000
"""Of whole photos that are held at a time."""


@dataclass(frozen=True)
class Job:
    """A shard, or one item of it."""

    shard: int
    item: int | None = None


@dataclass(frozen=True)
class OpenWorker:
    """Goes to every worker; opened there once."""

    network: str
    device: str
    home: str
    seed: int
    assume_faces: bool
    task: Task
    plan: Plan
    layout: Layout
    tries: int = 3
    weights: Path | None = None

    def __call__(self) -> Worker:
        torch.set_num_threads(1)  # sums over several threads round differently
        # pictures have a limit of our own, which becomes a row
        warnings.filterwarnings("ignore", message=".*decompression bomb.*")
        lab = Lab(self.network, self.device, self.home, self.seed, assume_faces=self.assume_faces)
        kept = adopt(lab.pool, self.weights) if self.weights is not None and self.weights.is_file() else []
        return Worker(self, lab, self.task.open(lab), kept)


@dataclass(frozen=True, eq=False)
class Worker:
    """A task, open."""

    given: OpenWorker
    lab: Lab
    opened: OpenTask
    kept: Sequence[object] = ()

    def __call__(self, job: Job) -> Counts | tuple[Row, bytes]:
        if job.item is not None:
            return self._alone(job.shard, job.item)
        layout = self.given.layout
        finished = layout.counts(job.shard)
        if finished is not None:  # another worker had it before it died
            return finished
        with layout.drawing(job.shard) as album:
            rows = [_written(row, drawn, album) for row, drawn in self._rows(job.shard)]
        return layout.write_rows(job.shard, rows)

    def _alone(self, shard: int, number: int) -> tuple[Row, bytes]:
        """One row and the bytes of its picture."""
        ((row, drawn),) = self._rows(shard, number)
        if drawn is None:
            return row, b""
        layout = self.given.layout
        return row, encode_picture(drawn.image, KINDS[layout.format], drawn.story, drawn.source, EFFORT)

    def _rows(self, shard: int, number: int | None = None) -> Iterator[tuple[Row, Drawn | None]]:
        table = self.given.plan.read(shard)
        table = table if number is None else table.slice(number, 1)
        addresses = table[PATH].to_pylist() if PATH in table.column_names else [""] * len(table)
        names = table[ID].to_pylist()
        seen = self._see(names, addresses) if self.given.task.photos else self._samples(table)
        place = dict(zip(names, addresses, strict=True))
        for group in together(seen):
            yield from self._make(group, place)

    def _see(self, names: Sequence[str], addresses: Sequence[str]) -> Iterator[tuple[str, Seen]]:
        task = self.given.task
        pairs = zip(names, addresses, strict=True)
        found = see_all(pairs, task.sight, self.opened.size, self.given.tries, whole=task.whole)
        yield from zip(names, found, strict=True)

    def _samples(self, table: pa.Table) -> Iterator[tuple[str, Seen]]:
        for row in table.to_pylist():
            item = Item(row[ID], seed=row.get(SEED))
            try:
                if row.get(LATENT) is not None:
                    item = replace(item, latent=self._latent(row[LATENT], row[SPACE]))
                yield row[ID], Seen(item, None, 0.0)
            except LatentLabError as error:
                yield row[ID], Seen(None, error, 0.0)

    def _latent(self, values: Sequence[float], space: str) -> Latent:
        """Of one row: the shape is the network's."""
        generator, chosen = self.lab.generator, Space.parse(space)
        shape = (1, generator.layers, generator.w_width) if chosen is Space.W_PLUS else (1, -1)
        flat = torch.tensor(values, dtype=torch.float32)
        if chosen is Space.W_PLUS and flat.numel() != generator.layers * generator.w_width:
            raise BadInput(
                f"the latent has {flat.numel()} numbers, this network's {chosen.name} {generator.layers * generator.w_width}"
            )
        latent = Latent(chosen, flat.reshape(shape))
        generator.check(latent)
        return latent

    def _make(
        self, group: Sequence[tuple[str, Seen]], place: dict[str, str]
    ) -> Iterator[tuple[Row, Drawn | None]]:
        began = time.perf_counter()
        items = [seen.item for _, seen in group if seen.item is not None]
        outcomes = iter(made(self.opened, items))
        share = (time.perf_counter() - began) / max(len(items), 1)
        for name, seen in group:
            outcome = seen.error if seen.item is None else next(outcomes)
            assert outcome is not None, "an item, or its error"
            seconds = seen.seconds + (share if seen.item is not None else 0.0)
            row = Row(name, place[name], hash=seen.hash, seconds=round(seconds, 4))
            yield told(row, outcome), outcome.drawn if isinstance(outcome, Made) else None


def made(opened: OpenTask, items: Sequence[Item]) -> list[Outcome]:
    """What came of each; where the call for all of them fails, each is tried alone, so that one spoils no other."""
    if not items:
        return []
    try:
        return opened.make(items)
    except (
        LatentLabError,
        RuntimeError,
        ValueError,
        TypeError,
        ArithmeticError,
        MemoryError,
        LookupError,
    ) as error:
        if len(items) > 1:
            return [outcome for item in items for outcome in made(opened, [item])]
        if isinstance(error, LatentLabError):
            return [error]
        return [Unexpected(f"something went wrong here ({type(error).__name__}: {error})")]


def together(seen: Iterator[tuple[str, Seen]]) -> Iterator[list[tuple[str, Seen]]]:
    """Runs of items that are made in one call: so many, or fewer where their photos are large."""
    group: list[tuple[str, Seen]] = []
    pixels = 0
    for name, one in seen:
        group.append((name, one))
        found = one.item.found if one.item is not None else None
        pixels += 0 if found is None else found.picture.width * found.picture.height
        if len(group) == TOGETHER or pixels > MOST_PIXELS:
            yield group
            group, pixels = [], 0
    if group:
        yield group


def told(row: Row, outcome: Outcome) -> Row:
    """The line of an outcome."""
    if not isinstance(outcome, Made):
        return replace(row, status="failed", kind=outcome.kind, error=str(outcome))
    latent = outcome.latent
    return replace(
        row,
        measures=dict(outcome.measures),
        space="" if latent is None else latent.space.name,
        latent=None if latent is None else latent.values.detach().float().cpu().flatten().tolist(),
        crop="" if outcome.crop is None else json.dumps(outcome.crop),
        hash=outcome.hash or row.hash,
    )


def _written(row: Row, drawn: Drawn | None, album: Album) -> Row:
    return row if drawn is None else replace(row, picture=album.add(row.id, drawn))
