"""Shards on disk: rows as Parquet, pictures as WebDataset tar or as files; the rows come last and say that it is whole."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from latentlab.core.errors import BadFile
from latentlab.core.files import atomic, draft_folder
from latentlab.core.image import encode_picture

if TYPE_CHECKING:
    import pyarrow as pa

    from latentlab.studio.batch.tasks.task import Drawn

PER_FOLDER = 1000
COUNTS = b"latentlab"
"""Where a shard's Parquet metadata holds its counts (JSON)."""
EFFORT = 1
"""How hard PNGs are packed: a third of the time of the usual for a tenth more bytes."""
Pictures = Literal["tar", "files", "none"]
Format = Literal["png", "jpg", "webp"]
KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}


@dataclass(frozen=True)
class Counts:
    """What a shard, or a whole batch, came to."""

    ok: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    """By kind of trouble."""

    @property
    def rows(self) -> int:
        return self.ok + sum(self.failed.values())

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.ok + other.ok, dict(Counter(self.failed) + Counter(other.failed)))

    @property
    def words(self) -> str:
        """`3 failed (2 no face, 1 missing file)`; empty where none did."""
        if not self.failed:
            return ""
        kinds = ", ".join(
            f"{n} {kind}" for kind, n in sorted(self.failed.items(), key=lambda k: (-k[1], k[0]))
        )
        return f"{sum(self.failed.values())} failed ({kinds})"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    id: str
    address: str = ""
    status: str = "ok"
    kind: str = ""
    """Sort of trouble, of a row that failed."""
    error: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)
    space: str = ""
    latent: Sequence[float] | None = None
    crop: str = ""
    """JSON: where in the photo the face is."""
    picture: str = ""
    """Name of its picture in the shard's tar or folder."""
    hash: str = ""
    """SHA-256 of the photo's bytes; of a sample, of its latent."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Where the shards of a batch lie."""

    folder: Path
    pictures: Pictures = "tar"
    format: Format = "png"

    def rows_of(self, shard: int) -> Path:
        """The table of one shard."""
        return self.folder / "rows" / f"{shard // PER_FOLDER:04d}" / f"shard-{shard:07d}.parquet"

    def pictures_of(self, shard: int) -> Path:
        """The tar, or the folder, of one shard's pictures."""
        ending = ".tar" if self.pictures == "tar" else ""
        return self.folder / "pictures" / f"{shard // PER_FOLDER:04d}" / f"shard-{shard:07d}{ending}"

    def counts(self, shard: int) -> Counts | None:
        """Of a finished shard; None where it is not there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        place = self.rows_of(shard)
        try:
            told = pq.read_metadata(place).metadata or {}
            return Counts(**json.loads(told[COUNTS])["counts"])
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"the shard {place} is damaged ({error}); delete it, it will be made again"
            ) from None

    def member(self, name: str) -> str:
        """What a picture is called: WebDataset takes everything before the first dot for the sample's key."""
        key = (
            quote(name, safe="" if self.pictures == "files" else "/").replace(".", "%2E").replace("~", "%7E")
        )
        return f"{key}.{self.format}"

    @contextmanager
    def drawing(self, shard: int) -> Iterator[Album]:
        """Takes the pictures of one shard; they appear together when it is left."""
        place = self.pictures_of(shard)
        if self.pictures == "none":
            yield Album(self)
        elif self.pictures == "tar":
            with (
                atomic(place, own=True) as temporary,
                tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar,
            ):
                yield Album(self, tar=tar)
        else:
            with draft_folder(place) as draft:
                yield Album(self, folder=draft)
                shutil.rmtree(place, ignore_errors=True)  # of a shard that was killed before its rows
                os.replace(draft, place)

    def write_rows(self, shard: int, rows: Sequence[Row]) -> Counts:
        """The table of a shard, in the order of the ids."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        counts = counted(rows)
        columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in schema().names}
        columns["measures"] = [sorted(row.measures.items()) for row in rows]
        told = {COUNTS: json.dumps({"counts": asdict(counts)}, sort_keys=True)}
        table = pa.table(columns, schema=schema().with_metadata(told))
        with atomic(self.rows_of(shard), own=True) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        return counts


@dataclass(frozen=True, eq=False)
class Album:
    """The pictures of one shard, while it is made."""

    layout: Layout
    tar: tarfile.TarFile | None = None
    folder: Path | None = None

    def add(self, name: str, drawn: Drawn) -> str:
        """Write one picture; its name, or nothing where none are wanted."""
        if self.tar is None and self.folder is None:
            return ""
        return self.put(
            name, encode_picture(drawn.image, KINDS[self.layout.format], drawn.story, drawn.source, EFFORT)
        )

    def put(self, name: str, content: bytes) -> str:
        """The same from the bytes of its file."""
        member = self.layout.member(name)
        if self.tar is not None:
            entry = tarfile.TarInfo(member)  # no time, no owner: the same bytes every time
            entry.size = len(content)
            self.tar.addfile(entry, io.BytesIO(content))
        elif self.folder is not None:
            (self.folder / member).write_bytes(content)
        return member


def counted(rows: Sequence[Row]) -> Counts:
    """How many are ok, and how many failed by kind."""
    failed = Counter(row.kind for row in rows if row.status != "ok")
    return Counts(sum(row.status == "ok" for row in rows), dict(sorted(failed.items())))


def schema() -> pa.Schema:
    """The columns of every shard of every task."""
    import pyarrow as pa

    text = ("id", "address", "status", "kind", "error")
    return pa.schema(
        [(name, pa.string()) for name in text]
        + [
            ("measures", pa.map_(pa.string(), pa.float64())), ("space", pa.string()), ("latent", pa.list_(pa.float32())),
            ("crop", pa.string()), ("picture", pa.string()), ("hash", pa.string()), ("seconds", pa.float64()),
        ]
    )  # fmt: skip
