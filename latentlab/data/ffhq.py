"""FFHQ as it is distributed: numbered pictures in folders of a thousand, the first 60,000 for training."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from latentlab.core.errors import BadFile
from latentlab.data.reader import Listed, nonempty

FOLDERS = ("images1024x1024", "thumbnails128x128", "images256x256", "images512x512")
FIRST_VALIDATION = 60_000
_NUMBERED = re.compile(r"(?:^|/)(\d{5})\.(?:png|jpg|jpeg|webp)$", re.IGNORECASE)


@dataclass(frozen=True)
class FFHQ(Listed):
    """`images1024x1024/00000/00000.png` …, or the thumbnails, or the pictures without the folders."""

    split: Literal["train", "validation", "all"] = "train"
    """As in `ffhq-dataset-v2.json`: pictures 0 to 59,999 train, the rest validation."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The picture files of the split."""
        below = next((f for f in FOLDERS if f in self.tree.folders()), "")
        numbered = [(m.group(1), name) for name in self.tree.pictures(below) if (m := _NUMBERED.search(name))]
        nonempty([name for _, name in numbered], self.tree, "pictures named like 00000.png")
        chosen = [name for number, name in numbered if self.split in ("all", split_of(int(number)))]
        if not chosen:
            raise BadFile(
                f"{self.path} has {len(numbered)} pictures of FFHQ, but none of the split '{self.split}'"
            )
        return tuple(chosen)


def split_of(number: int) -> str:
    """Which split picture `number` belongs to."""
    return "train" if number < FIRST_VALIDATION else "validation"
