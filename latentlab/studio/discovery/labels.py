"""Labels of one's own: a table beside the samples (seed or file, any columns) becomes a bank that every fit can read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from latentlab.core.errors import BadFile, BadInput, unknown
from latentlab.core.seeds import check_seed, draw_z
from latentlab.scorers.bank import Bank, BankKey, write_block
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    import pyarrow as pa

PLACES = ("seed", "file")
LEAST = 10
"""Labels of one attribute."""
SEED = re.compile(r"seed(\d+)")


def labelled_bank(studio: Lab, table: Path | str, wanted: Sequence[str], psi: float = 1.0) -> Bank:
    """The samples that the table labels in all `wanted` columns, as one block of a bank; rows with gaps are left out.

    Raises:
        BadInput: no column `seed` or `file`, a file whose name tells no seed, a seed twice or out of range, a column
            that is unknown, constant or no number, or fewer than ten labels.
    """
    path = Path(table)
    labels = _read(path)
    columns = [name for name in labels.column_names if name not in PLACES]
    for name in wanted:
        if name not in columns:
            raise unknown("column of the table", name, columns)
    seeds = _seeds(labels, path)
    values = np.stack([_numbers(labels, name, path) for name in wanted], axis=1)
    whole = np.isfinite(values).all(1)
    seeds, values = seeds[whole], values[whole]
    if len(seeds) < LEAST:
        raise BadInput(
            f"{path.name} labels {len(seeds)} samples in {', '.join(wanted)}; at least {LEAST} are needed"
        )
    for name, column in zip(wanted, values.T, strict=True):
        if float(column.std()) < 1e-9:
            raise BadInput(
                f"all {len(column)} labels of '{name}' are {column[0]:g}; nothing can be learned from one value"
            )
    return _bank(studio, seeds, torch.from_numpy(values).float(), tuple(wanted), psi)


def _bank(studio: Lab, seeds: np.ndarray, scores: torch.Tensor, names: tuple[str, ...], psi: float) -> Bank:
    generator = studio.generator
    mark = hashlib.sha256(repr((seeds.tolist(), scores.tolist(), names)).encode()).hexdigest()
    one = generator.standing_class
    key = BankKey(
        generator.hash, (mark,), names, ("label",) * len(names), int(seeds[0]), psi, len(seeds), one
    )
    of = "" if one is None else f"-class{one}"
    folder = Path(studio.home) / "banks" / f"{generator.hash[:12]}-labels-{mark[:12]}-psi{psi:g}{of}"
    bank = Bank.open(folder, key)
    if not bank.path(0).exists():
        with torch.no_grad():
            z = draw_z([int(seed) for seed in seeds], generator.z_width).to(studio.place)
            w = torch.cat([generator.map(part) for part in z.split(500)])
            w = generator.truncate(w[:, None], psi)[:, 0].float().cpu()
        write_block(bank.path(0), seeds.tolist(), w, scores, names, key)
    return bank


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if not path.is_file():
        raise BadFile(f"there is no table {path}; write a CSV or Parquet file with a column seed (or file)")
    try:
        table = pa.parquet.read_table(path) if path.suffix == ".parquet" else pa.csv.read_csv(path)
    except (OSError, pa.ArrowException) as error:
        raise BadFile(f"cannot read the table {path}: {str(error).splitlines()[0][:120]}") from None
    if not set(PLACES) & set(table.column_names):
        raise BadInput(
            f"{path.name} has no column seed or file; its columns are {', '.join(table.column_names)}"
        )
    return table


def _seeds(table: pa.Table, path: Path) -> np.ndarray:
    """The seed of each row, from its own column or the name of its picture."""
    place = "seed" if "seed" in table.column_names else "file"
    found = [_seed(value, row, path) for row, value in enumerate(table[place].to_pylist(), start=1)]
    if len(set(found)) != len(found):
        twice = next(seed for seed in found if found.count(seed) > 1)
        raise BadInput(f"{path.name} labels the seed {twice} twice; keep one row for each")
    return np.array(found, dtype=np.int64)


def _seed(value: object, row: int, path: Path) -> int:
    match = SEED.search(Path(value).stem) if isinstance(value, str) else None
    number = int(match[1]) if match else value
    if not isinstance(number, int):
        raise BadInput(
            f"row {row} of {path.name} names no sample ('{value}'); a seed, or a file like seed0085.png"
        )
    return check_seed(number)


def _numbers(table: pa.Table, name: str, path: Path) -> np.ndarray:
    import pyarrow as pa

    kind = table[name].type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise BadInput(
            f"the column '{name}' of {path.name} holds words; write numbers, and nothing where it is missing"
        )
    values = [np.nan if value is None else float(value) for value in table[name].to_pylist()]
    return np.array(values, dtype=np.float64)


def fitted(finder: Any, bank: Bank) -> Any:
    """The method, reading the labels that there are; corrections that would look at pictures need a scorer and are left out."""
    fields = finder.__dataclass_fields__
    changed: dict[str, object] = {"samples": bank.key.block} if "samples" in fields else {}
    changed |= {"rounds": 0} if "rounds" in fields else {}
    changed |= (
        {"share": max(finder.share, min((LEAST + 0.5) / bank.key.block, 0.5))} if "share" in fields else {}
    )
    return replace(finder, **changed)
