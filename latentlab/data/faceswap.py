"""Faces of two people in two folders, A and B, as faceswap extracts them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from latentlab.core.errors import BadFile
from latentlab.data.reader import TwoListed
from latentlab.data.unpaired import two_folders

NAMES_A = ("A", "a", "face_A", "faces_A", "input_A", "data_A", "trainA", "data_src", "src")
NAMES_B = ("B", "b", "face_B", "faces_B", "input_B", "data_B", "trainB", "data_dst", "dst")


@dataclass(frozen=True)
class Faceswap(TwoListed):
    """Pictures of person A and of person B; a sample holds one of each, drawn apart. Alignment files are not read."""

    a: str = ""
    """Name of A's folder; empty takes the usual ones (A, faces_A, data_src …)."""
    b: str = ""
    """Name of B's folder."""

    @cached_property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The picture files of A and of B."""
        first = (self.a,) if self.a else NAMES_A
        second = (self.b,) if self.b else NAMES_B
        both = two_folders(self, first, second)
        if both[0] == both[1]:
            raise BadFile(f"A and B are the same folder of {self.path}; name two")
        return both
