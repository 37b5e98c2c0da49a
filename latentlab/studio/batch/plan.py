"""What a batch is: its claim on a folder, its items in the order of their ids, and which shards are finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic, make_folder, write_text
from latentlab.core.leftovers import PATTERN
from latentlab.core.locks import LOCK
from latentlab.core.made import MARK
from latentlab.core.reading import read_bytes
from latentlab.studio.batch.folders import CLAIM
from latentlab.studio.batch.manifest import ID

if TYPE_CHECKING:
    import pyarrow as pa

ITEMS, SUMMARY = "items.parquet", "summary.json"
OWN = (CLAIM, ITEMS, SUMMARY, LOCK, "rows", "pictures", "weights.pt")
LONGEST = 1 << 20
SAID = {
    "task": "another task", "asked": "another request", "network": "another network", "ingredients": "other directions",
    "items": "other items", "shard": "another size of shards", "pictures": "pictures kept in another way",
    "format": "pictures of another format", "seed": "another seed",
}  # fmt: skip
"""What differs between two jobs, in words."""


@dataclass(frozen=True)
class Plan:
    """Items in shards."""

    folder: Path
    items: int
    shard: int

    @property
    def shards(self) -> int:
        """How many there are."""
        return -(-self.items // self.shard)

    def size(self, number: int) -> int:
        """Items of one shard."""
        return min(self.shard, self.items - number * self.shard)

    def read(self, number: int) -> pa.Table:
        """The items of one shard."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = self.folder / ITEMS
        try:
            with pq.ParquetFile(place) as file:
                return file.read_row_group(number)
        except (OSError, pa.ArrowException) as error:
            raise BadFile(
                f"cannot read {place}: {str(error)[:160]}; begin the batch anew in another folder"
            ) from None


def claim(folder: Path, table: pa.Table, told: Mapping[str, object], shard: int, *, resume: bool) -> Plan:
    """Take a folder for a batch, or go on with the one that it holds.

    Raises:
        BadFile: it holds another job, or this one and nobody said `resume`; each difference is named.
    """
    plan = Plan(folder, len(table), shard)
    told = {**told, "items": {"count": len(table), "hash": _hash(table)}, "shard": shard}
    told = json.loads(json.dumps(told, sort_keys=True))
    seen = _read(folder / CLAIM)
    if seen is None:
        _check_empty(folder)
        make_folder(folder)
        _write_items(folder / ITEMS, table, shard)
        write_text(
            folder / CLAIM, json.dumps({"about": MARK, **told}, indent=1, sort_keys=True) + "\n", own=True
        )
        return plan
    differing = [words for name, words in SAID.items() if seen.get(name) != told.get(name)]
    if differing:
        raise BadFile(
            f"{folder} holds another batch ({seen.get('task')} of {_count(seen)} items): {', '.join(differing)}; choose "
            "another `out`"
        )
    if not resume:
        raise BadFile(f"{folder} holds this batch already; go on with it: `resume`, or choose another `out`")
    return plan


def _count(seen: Mapping[str, Any]) -> object:
    items = seen.get("items")
    return items.get("count", "?") if isinstance(items, Mapping) else "?"


def _read(place: Path) -> dict[str, Any] | None:
    if not place.exists():
        return None
    try:
        found = json.loads(read_bytes(place, LONGEST))
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("about") != MARK:
        raise BadFile(f"{place} is not the record of a batch; choose another `out`")
    return found


def _check_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadFile(f"{folder} is a file; choose a folder with `out`")
    foreign = [path.name for path in folder.iterdir() if path.name not in OWN] if folder.is_dir() else []
    foreign = [name for name in foreign if not PATTERN.fullmatch(name)]
    if foreign:
        raise BadFile(
            f"{folder} holds other files ('{foreign[0]}'); choose an empty or a new folder with `out`"
        )


def _hash(table: pa.Table) -> str:
    """Of ids and what they stand for."""
    digest = hashlib.sha256()
    for batch in table.to_batches(max_chunksize=10_000):
        digest.update(json.dumps(batch.to_pylist(), sort_keys=True).encode())
    return digest.hexdigest()


def _write_items(place: Path, table: pa.Table, shard: int) -> None:
    """One row group for each shard, so that a worker reads its own and no more."""
    import pyarrow.parquet as pq

    if ID not in table.column_names:
        raise BadInput("items need ids")
    with atomic(place, own=True) as temporary, pq.ParquetWriter(temporary, table.schema) as writer:
        for start in range(0, len(table), shard):
            writer.write_table(table.slice(start, shard).combine_chunks(), row_group_size=shard)
