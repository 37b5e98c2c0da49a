"""A score bank: latents sampled and scored once, kept as Parquet blocks, extended on demand, read by every method."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from latentlab.core.engine import run_blocks
from latentlab.core.errors import BadFile, BadInput, WrongGenerator, unknown
from latentlab.core.files import atomic, make_folder, write_text
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.locks import in_turn
from latentlab.core.scorer import Scorer
from latentlab.core.seeds import LARGEST_SEED, draw_z
from latentlab.core.watch import Watch, silent

if TYPE_CHECKING:
    import pyarrow as pa

STORY = b"latentlab"
"""Where a block's Parquet metadata says what it is of (JSON: model, scorers)."""
BLOCK = 500
"""Samples in a block; a block is rendered whole, so what it holds never depends on where it was interrupted."""


@dataclass(frozen=True)
class BankKey:
    """What a bank is a bank of; another key is another bank."""

    model: str
    """Hash of the generator."""
    scorers: tuple[str, ...]
    """Hashes of the scorers."""
    names: tuple[str, ...]
    units: tuple[str, ...]
    first_seed: int = 0
    """Sample i is drawn from seed `first_seed + i`."""
    psi: float = 1.0
    """Truncation of the samples."""
    block: int = BLOCK
    class_: int | None = None
    """The class that all samples are of, in a conditional network."""


@dataclass(frozen=True, eq=False)
class Samples:
    """A stretch of a bank."""

    seeds: Tensor
    """[n], int64."""
    w: Tensor
    """[n width], truncated as the bank's key says."""
    scores: Tensor
    """[n names]."""
    names: tuple[str, ...]

    def column(self, name: str) -> Tensor:
        """The scores of one attribute, [n]."""
        if name not in self.names:
            raise unknown("attribute", name, self.names)
        return self.scores[:, self.names.index(name)]


@dataclass(frozen=True)
class Bank:
    """A folder: `bank.json` (the key) and `block-00000.parquet`, `block-00001.parquet`, ..."""

    folder: Path
    key: BankKey
    scorers: tuple[Scorer, ...] = field(default=(), compare=False, repr=False)
    """What fills it, where that is at hand: a method may ask it about pictures of its own."""

    @classmethod
    def open(cls, folder: Path | str, key: BankKey, scorers: Sequence[Scorer] = ()) -> Bank:
        """The bank in this folder, made if need be; WrongGenerator if it is a bank of something else."""
        folder = make_folder(folder)
        place = folder / "bank.json"
        if not place.exists():
            write_text(place, json.dumps(asdict(key), indent=1), own=True)
        found = _read_key(place)
        if found != key:
            differing = [name for name in asdict(key) if getattr(found, name) != getattr(key, name)]
            raise WrongGenerator(
                f"the bank {folder.name} was made with another {', '.join(differing)}; choose another bank folder"
            )
        return cls(folder, key, tuple(scorers))

    def has(self) -> int:
        """How many samples the finished blocks hold, counted from the first gap-free block."""
        count = 0
        while self.path(count).exists():
            count += 1
        return count * self.key.block

    def path(self, block: int) -> Path:
        """The file of one block."""
        return self.folder / f"block-{block:05d}.parquet"

    def extend(
        self, samples: int, generator: Generator, scorers: Sequence[Scorer], batch: int = 25, engine: str = "local",
        watch: Watch = silent,
    ) -> None:  # fmt: skip
        """Render and score what is missing up to `samples`; may be killed at any moment and called again."""
        if generator.hash != self.key.model:
            raise WrongGenerator(f"the bank {self.folder.name} belongs to network {self.key.model[:12]}")
        if self.key.first_seed + samples > LARGEST_SEED:
            raise BadInput(
                f"{samples} samples from seed {self.key.first_seed} go beyond the last seed {LARGEST_SEED}"
            )
        blocks = range(-(-samples // self.key.block))
        if all(self.path(block).exists() for block in blocks):
            return
        with in_turn(self.folder, f"the score bank {self.folder.name}"):
            missing = [block for block in blocks if not self.path(block).exists()]
            self._fill(missing, generator, scorers, batch, engine, watch)

    def _fill(
        self, missing: list[int], generator: Generator, scorers: Sequence[Scorer], batch: int, engine: str, watch: Watch
    ) -> None:  # fmt: skip
        filler = BlockFiller(Bank(self.folder.resolve(), self.key), generator, tuple(scorers), batch)
        for done, _ in enumerate(run_blocks(filler, missing, engine), start=1):
            watch(
                done / len(missing),
                f"{done * self.key.block:,} of {len(missing) * self.key.block:,} samples scored",
            )

    def blocks(self, samples: int) -> Iterator[Samples]:
        """The first `samples` samples, one block after another: bounded memory for any number."""
        for block in range(-(-samples // self.key.block)):
            part = self.block(block)
            left = samples - block * self.key.block
            yield (
                part
                if left >= len(part.seeds)
                else Samples(part.seeds[:left], part.w[:left], part.scores[:left], part.names)
            )

    def read(self, samples: int) -> Samples:
        """The first `samples` samples in one piece."""
        parts = list(self.blocks(samples))
        return Samples(
            torch.cat([part.seeds for part in parts]),
            torch.cat([part.w for part in parts]),
            torch.cat([part.scores for part in parts]),
            self.key.names,
        )

    def column(self, name: str, samples: int) -> Tensor:
        """The scores of one attribute, [samples], without reading the latents."""
        if name not in self.key.names:
            raise unknown("attribute", name, self.key.names)
        parts = [
            self._table(block, [f"score.{name}"])[f"score.{name}"].to_numpy()
            for block in range(-(-samples // self.key.block))
        ]
        return torch.from_numpy(np.concatenate(parts)[:samples])

    def block(self, block: int) -> Samples:
        """One whole block."""
        table = self._table(block)
        try:
            seeds = table["seed"].to_numpy()
            width = table["w"].type.list_size
            w = table["w"].combine_chunks().flatten().to_numpy().reshape(-1, width)
            scores = np.stack([table[f"score.{name}"].to_numpy() for name in self.key.names], axis=1)
        except (AttributeError, KeyError, ValueError) as error:
            raise self._damaged(block, error) from None
        return Samples(
            torch.from_numpy(seeds.copy()),
            torch.from_numpy(w.copy()),
            torch.from_numpy(scores),
            self.key.names,
        )

    def _table(self, block: int, columns: list[str] | None = None) -> pa.Table:
        """A block's table, checked: readable, whole, of this bank, and numbers throughout."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(block)
        try:
            table = pq.read_table(path, columns=columns)
            story = json.loads((table.schema.metadata or {}).get(STORY, b"{}"))
            scores = [table[name].to_numpy() for name in table.column_names if name.startswith("score.")]
            known = {f"score.{name}" for name in self.key.names}
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise self._damaged(block, error) from None
        if story.get("model", self.key.model) != self.key.model:
            raise WrongGenerator(
                f"the bank block {path} was made with the network {str(story['model'])[:12]}, this bank is of "
                f"{self.key.model[:12]}; delete it, it will be made again"
            )
        missing = known - set(table.column_names) if columns is None else set()
        if len(table) != self.key.block or missing:
            raise self._damaged(block, f"{len(table)} rows, {len(missing)} scores are missing")
        if not all(np.isfinite(column).all() for column in scores):
            raise BadFile(
                f"the bank block {path} holds scores that are not numbers; delete it, it will be made again"
            )
        return table

    def _damaged(self, block: int, reason: object) -> BadFile:
        words = (str(reason).splitlines() or ["unreadable"])[0]
        return BadFile(
            f"the bank block {self.path(block)} is damaged ({words}); delete it, it will be made again"
        )


@dataclass(frozen=True, eq=False)
class BlockFiller:
    """Renders, scores and writes one block; picklable, so that a cluster can run it."""

    bank: Bank
    generator: Generator
    scorers: tuple[Scorer, ...]
    batch: int

    def __call__(self, block: int) -> int:
        key = self.bank.key
        seeds = [key.first_seed + block * key.block + i for i in range(key.block)]
        parts = [self._score(seeds[i : i + self.batch]) for i in range(0, len(seeds), self.batch)]
        w, scores = (torch.cat(column) for column in zip(*parts, strict=True))
        self._check(scores, seeds)
        write_block(self.bank.path(block), seeds, w, scores, key.names, key)
        return block

    def _check(self, scores: Tensor, seeds: list[int]) -> None:
        """A sample that cannot be scored ends the filling: a method would have to guess what it is."""
        bad = (~torch.isfinite(scores)).nonzero()
        if len(bad):
            sample, column = bad[0].tolist()
            raise BadInput(
                f"the scorers give no number for '{self.bank.key.names[column]}' on seed {seeds[sample]} "
                f"({len(bad[:, 0].unique())} of {len(seeds)} samples cannot be scored); use scorers that answer for "
                "every picture, and check the network: latentlab generate"
            )

    @torch.no_grad()
    def _score(self, seeds: list[int]) -> tuple[Tensor, Tensor]:
        generator = self.generator
        z = draw_z(seeds, generator.z_width).to(generator.device)
        w = generator.truncate(generator.map(z)[:, None], self.bank.key.psi)[:, 0]
        images = generator.render(Latent(Space.W, w))
        scores = torch.cat([scorer(images).float().cpu() for scorer in self.scorers], dim=1)
        return w.float().cpu(), scores


def write_block(
    path: Path, seeds: Sequence[int], w: Tensor, scores: Tensor, names: Sequence[str], key: BankKey | None = None
) -> None:  # fmt: skip
    """One Parquet file: seed, w (float32 list), a column `score.NAME` for each attribute; the metadata names the
    hashes of the model and the scorers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = w.shape[1]
    columns: dict[str, object] = {
        "seed": pa.array(list(seeds), pa.int64()),
        "w": pa.FixedSizeListArray.from_arrays(pa.array(w.numpy().reshape(-1)), width),
    }
    columns |= {f"score.{name}": pa.array(scores[:, i].contiguous().numpy()) for i, name in enumerate(names)}
    story = {STORY: json.dumps({"model": key.model, "scorers": key.scorers})} if key else None
    with atomic(path, own=True) as temporary:
        pq.write_table(pa.table(columns, metadata=story), temporary, compression="zstd")


def bank_key(
    generator: Generator, scorers: Sequence[Scorer], first_seed: int = 0, psi: float = 1.0
) -> BankKey:
    """The key of the bank of these scorers on this generator."""
    names = tuple(name for scorer in scorers for name in scorer.names)
    units = tuple(scorer.units[name] for scorer in scorers for name in scorer.names)
    return BankKey(
        generator.hash, tuple(scorer.hash for scorer in scorers), names, units, first_seed, psi,
        class_=generator.standing_class,
    )  # fmt: skip


def _read_key(place: Path) -> BankKey:
    try:
        entries = json.loads(place.read_text())
        entries |= {name: tuple(entries[name]) for name in ("scorers", "names", "units")}
        return BankKey(**entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(
            f"{place} is damaged ({error}); delete the bank's folder, it will be made again"
        ) from None
