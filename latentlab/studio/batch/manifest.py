"""Which items a batch is about: a folder, a glob, a Parquet or CSV table, or seeds; in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingFile
from latentlab.core.seeds import LARGEST_SEED, parse_seeds
from latentlab.studio.batch.addresses import check_drivers, file_system, is_remote, join
from latentlab.studio.batch.folders import GLOB, PICTURES, left_words, list_pictures

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = (".parquet", ".csv")
ID, PATH, SEED, LATENT, SPACE = "id", "path", "seed", "latent", "space"
LONGEST_ID = 200


@dataclass(frozen=True)
class Manifest:
    """What a batch is about."""

    items: pa.Table
    """Sorted by id: columns id and path, or id and seed, or id, latent and space where no photos are wanted."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Pictures that latentlab itself made, by the folder that they lie in."""


def read_manifest(source: str, *, photos: bool = True, own: Collection[Path] = ()) -> Manifest:
    """The items; pictures below a folder that lie in an `own` folder, or in that of another batch, are left out.

    Raises:
        BadInput: no items, ids that come twice, a column or path that is missing, in one line that names the first.
    """
    if _is_table(source):
        found = Manifest(_table(source))
    elif not photos:
        found = Manifest(_without_photos(source))
    else:
        found = _listed(source, own)
    kept = _columns(found.items, source, photos)
    if not len(kept) and found.left_out:
        raise BadInput(f"{source} names no items: {left_words(found.left_out)}")
    _check_ids(kept, source)
    kept = kept.sort_by(ID)
    if PATH in kept.column_names:
        check_drivers(str(path) for path in _firsts(kept))
    return Manifest(kept, found.left_out)


def _is_table(source: str) -> bool:
    local = not is_remote(source) and Path(source).is_dir()
    return source.lower().endswith(TABLES) and not local and not any(mark in source for mark in GLOB)


def _listed(source: str, own: Collection[Path]) -> Manifest:
    import pyarrow as pa

    left_out: Mapping[str, int] = {}
    if is_remote(source):
        found: Mapping[str, str] = _remote(source)
    else:
        listed = list_pictures(source, own)
        found, left_out = listed.paths, listed.left_out
    schema = pa.schema([(ID, pa.string()), (PATH, pa.string())])
    return Manifest(pa.table({ID: list(found), PATH: list(found.values())}, schema=schema), left_out)


def _remote(source: str) -> dict[str, str]:
    store, path = file_system(source)
    try:
        found = store.glob(path) if any(mark in path for mark in GLOB) else store.find(path)
    except (OSError, ValueError, NotImplementedError) as error:
        raise BadFile(f"cannot list {source}: {' '.join(str(error).split())[:160]}") from None
    first = min((path.find(mark) for mark in GLOB if mark in path), default=-1)
    base = path.rstrip("/") if first < 0 else path[:first].rpartition("/")[0]
    return {
        name.removeprefix(base).lstrip("/"): store.unstrip_protocol(name)
        for name in found
        if name.lower().endswith(PICTURES)
    }


def _without_photos(source: str) -> pa.Table:
    """Seeds as `0-999,5000`, or the rows of a batch of inversions."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    rows = Path(source) / "rows"
    if rows.is_dir():
        found = ds.dataset(sorted(map(str, rows.rglob("*.parquet"))), format="parquet")
        whole = found.to_table([ID, LATENT, SPACE], filter=ds.field("status") == "ok")
        return whole.filter(pa.compute.is_valid(whole[LATENT]))
    if Path(source).exists():
        raise BadInput(
            f"{source} holds no seeds or latents; give seeds as 0-999, a table with a column seed, or the folder "
            "of a batch of inversions"
        )
    seeds = dict.fromkeys(parse_seeds(source))
    return pa.table({ID: [f"seed{seed:04d}" for seed in seeds], SEED: pa.array(list(seeds), pa.int64())})


def _table(source: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    try:
        with _opened(source) as file:
            if source.lower().endswith(".csv"):
                text = pc.ConvertOptions(column_types={ID: pa.string(), PATH: pa.string()})
                return pc.read_csv(file, convert_options=text)
            return pq.read_table(file)
    except LatentLabError:
        raise
    except FileNotFoundError:
        raise MissingFile(f"there is no manifest {source}") from None
    except (OSError, pa.ArrowException, ValueError) as error:
        words = (str(error).splitlines() or ["unreadable"])[0][:160]
        raise BadFile(f"cannot read the manifest {source}: {words}") from None


def _opened(source: str) -> Any:
    if not is_remote(source):
        return open(source, "rb")
    store, path = file_system(source)
    return store.open(path, "rb")


def _columns(table: pa.Table, source: str, photos: bool) -> pa.Table:
    """The columns that count, of the right types; paths relative to the manifest's own folder."""
    import pyarrow as pa

    names = set(table.column_names)
    wanted = [PATH] if photos else [LATENT, SPACE] if LATENT in names else [SEED]
    missing = [name for name in (ID, *wanted) if name not in names]
    if missing:
        seen = ", ".join(sorted(names)) or "none"
        raise BadInput(
            f"the manifest {source} has no column '{missing[0]}' (it has: {seen[:200]}); name the columns id and "
            f"{' and '.join(wanted)}"
        )
    table = table.select([ID, *wanted])
    table = table.set_column(0, ID, table[ID].cast(pa.string()))
    for name in (ID, *wanted):
        empty = pa.compute.is_null(table[name])
        if name in (ID, PATH):
            empty = pa.compute.fill_null(pa.compute.or_kleene(empty, pa.compute.equal(table[name], "")), True)
        count = pa.compute.sum(empty).as_py() or 0
        if count:
            first = pa.compute.index(empty.combine_chunks(), True).as_py()
            raise BadInput(
                f"the manifest {source} has no {name} in {count} of its rows, first in row {first + 1}; fill it in"
            )
    if SEED in wanted:
        _check_seeds(table, source)
    if not photos or not _is_table(source):
        return table
    base = source.rpartition("/")[0] if is_remote(source) else str(Path(source).parent)
    paths = [join(base, path) for path in table[PATH].to_pylist()]
    return table.set_column(1, PATH, pa.array(paths, pa.string()))


def _check_seeds(table: pa.Table, source: str) -> None:
    import pyarrow as pa

    if not pa.types.is_integer(table[SEED].type) or len(table) == 0:
        if len(table):
            raise BadInput(f"the column seed of {source} holds {table[SEED].type}, not whole numbers")
        return
    low, high = pa.compute.min_max(table[SEED]).as_py().values()
    if low < 0 or high > LARGEST_SEED:
        raise BadInput(
            f"the column seed of {source} goes from {low} to {high}; seeds go from 0 to {LARGEST_SEED}"
        )


def _check_ids(table: pa.Table, source: str) -> None:
    import pyarrow as pa

    if not len(table):
        raise BadInput(f"{source} names no items; is it the right folder, and are there pictures in it?")
    counts = table.group_by(ID).aggregate([(ID, "count")])
    twice = counts.filter(pa.compute.greater(counts["id_count"], 1))
    if len(twice):
        name = min(twice[ID].to_pylist())
        raise BadInput(
            f"the manifest {source} names {len(twice)} of its ids more than once, for example '{name[:80]}'; give each its own"
        )
    long = table.filter(pa.compute.greater(pa.compute.binary_length(table[ID]), LONGEST_ID))
    if len(long):
        raise BadInput(
            f"the id '{long[ID][0].as_py()[:60]}…' in {source} is too long; at most {LONGEST_ID} bytes"
        )


def _firsts(table: pa.Table) -> Iterator[str]:
    for batch in table.select([PATH]).to_batches(max_chunksize=10_000):
        yield from batch[PATH].to_pylist()
