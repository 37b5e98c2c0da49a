"""Rendered faces on disk, as `latentlab world render` writes them: pictures, and a Parquet row of truths for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
import torch

from latentlab.core.errors import BadFile, unknown
from latentlab.data.batches import Batch, ClassMasks, Numbers, Rendered
from latentlab.data.reader import Reader

TABLE = "factors.parquet"
BESIDE = ("file", "face", "landmarks", "visible", "pose", "expression")
"""Columns that are no factors."""


@dataclass(frozen=True)
class Renders(Reader):
    """Renders with their factors as numbers, their true landmarks and, if wanted, their class masks."""

    masks: bool = False
    """Read the class masks too (rendered with `masks`)."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the data set is: seed, size, law, style, hash of the face model."""
        if "manifest.json" not in self.tree.known:
            raise BadFile(
                f"{self.path} holds no rendered data set (no manifest.json); make one: latentlab world render"
            )
        try:
            manifest = json.loads(self.tree.text("manifest.json"))
            if not isinstance(manifest["size"], int):
                raise TypeError("size is no number")
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"cannot read {self.tree.place('manifest.json')} ({error}); render the set again"
            ) from None
        return manifest

    @cached_property
    def _table(self) -> dict[str, Any]:
        import pyarrow
        import pyarrow.parquet

        blocks = (
            [TABLE] if TABLE in self.tree.known else [n for n in self.tree.names if n.startswith("factors/")]
        )
        if not blocks:
            raise BadFile(
                f"{self.path} has no finished blocks; run the same latentlab world render again to resume"
            )
        try:
            tables = [pyarrow.parquet.read_table(BytesIO(self.tree.read(name))) for name in blocks]
            table = pyarrow.concat_tables(tables)
            columns = [name for name in table.column_names if name not in BESIDE]
            marks = np.stack(table["landmarks"].to_numpy()).reshape(-1, 68, 2)
            factors = np.stack([table[name].to_numpy() for name in columns], axis=1)
            files, faces = table["file"].to_pylist(), table["face"].to_pylist()
        except (pyarrow.ArrowException, KeyError, ValueError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadFile(
                f"{self.path}: a table of factors is damaged ({reason}); render the set again"
            ) from None
        lost = [name for name in files if f"images/{name}" not in self.tree.known]
        if lost:
            raise BadFile(
                f"{self.path} has {len(lost)} rows without a picture, e.g. images/{lost[0]}; render it again"
            )
        values = torch.from_numpy(factors.astype(np.float32)), torch.from_numpy(marks.astype(np.float32))
        return {
            "files": files,
            "faces": faces,
            "names": tuple(columns),
            "factors": values[0],
            "landmarks": values[1],
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the factors: `age`, `shape.3`, `hair_style=bob` …"""
        return self._table["names"]

    def factor(self, name: str) -> Numbers:
        """One factor of all renders, [n]."""
        if name not in self.names:
            raise unknown("factor", name, self.names)
        return self._table["factors"][:, self.names.index(name)]

    def record(self, index: int) -> str:
        """The face record of one render, as JSON."""
        return self._table["faces"][index]

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self._table["files"]),)

    def name(self, side: int, index: int) -> str:
        return f"images/{self._table['files'][index]}"

    def entry(self, side: int, index: int) -> Rendered:
        image = self.picture(self.name(side, index))
        size = image.shape[-1]
        # the table counts from the picture's corner, landmarks count from the middle of the first pixel
        landmarks = self._table["landmarks"][index : index + 1] * (size / self.manifest["size"]) - 0.5
        masks = self._mask(index, size) if self.masks else torch.zeros(1, 0, 0, dtype=torch.int64)
        return Rendered(image, self._table["factors"][index : index + 1], landmarks, masks)

    def _mask(self, index: int, size: int) -> ClassMasks:
        from PIL import Image as pillow

        name = f"masks/{self._table['files'][index]}"
        if name not in self.tree.known:
            raise BadFile(f"there is no {self.tree.place(name)}; render the set with `masks`")
        try:
            with pillow.open(BytesIO(self.tree.read(name))) as opened:
                fitted = opened.resize((size, size), pillow.Resampling.NEAREST)
        except (OSError, SyntaxError, ValueError) as error:
            raise BadFile(f"cannot read the mask {self.tree.place(name)}: {error}") from None
        return torch.from_numpy(np.array(fitted).astype(np.int64))[None]

    def join(self, entries: Sequence[Batch]) -> Batch:
        return entries[0]
