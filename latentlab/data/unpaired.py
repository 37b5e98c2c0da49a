"""Two domains without pairs: `trainA`, `trainB`, `testA`, `testB` (selfie2anime, CycleGAN, U-GAT-IT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from latentlab.core.errors import BadFile
from latentlab.data.reader import Reader, TwoListed


@dataclass(frozen=True)
class Unpaired(TwoListed):
    """Pictures of two domains; a sample holds one of each, drawn apart."""

    split: Literal["train", "test"] = "train"

    @cached_property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The picture files of A and of B."""
        return two_folders(self, (f"{self.split}A",), (f"{self.split}B",))


def two_folders(
    reader: Reader, first: Sequence[str], second: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The pictures below two folders at the top, each with its possible names."""
    found = []
    for candidates in (first, second):
        folder = next((name for name in candidates if name in reader.tree.folders()), None)
        pictures = reader.tree.pictures(folder) if folder else ()
        if not pictures:
            seen = ", ".join(reader.tree.folders()) or "no folders"
            lack = (
                f"{folder} in {reader.path} holds no pictures"
                if folder
                else f"{reader.path} has no {candidates[0]}"
            )
            raise BadFile(f"{lack}; there should be {first[0]} and {second[0]} (there: {seen})")
        found.append(pictures)
    return found[0], found[1]
