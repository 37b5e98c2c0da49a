"""Pairs side by side in one picture, A on the left, B on the right (pix2pix, Isola et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from latentlab.core.errors import BadFile
from latentlab.core.image import decode_picture
from latentlab.data.batches import TwoDomains
from latentlab.data.reader import Listed, nonempty


@dataclass(frozen=True)
class Pairs(Listed):
    """Pictures twice as wide as high, in `train`, `val` or `test`, or right in the folder."""

    split: Literal["train", "val", "test", "all"] = "train"
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    """Which half is the input (`a`): the left one, or the right one."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The picture files of the split."""
        splits = {"train", "val", "test"} & set(self.tree.folders())
        if self.split != "all" and splits and self.split not in splits:
            raise BadFile(f"{self.path} has no folder {self.split}; there are: {', '.join(sorted(splits))}")
        below = self.split if splits and self.split != "all" else ""
        return nonempty(self.tree.pictures(below), self.tree, "pictures")

    def entry(self, side: int, index: int) -> TwoDomains:
        name = self.names[index]
        picture = decode_picture(self.tree.read(name), self.tree.place(name))
        width, height = picture.size
        if width != 2 * height:
            raise BadFile(
                f"{self.tree.place(name)} is {width}×{height}; two squares side by side are twice as wide as high"
            )
        left = self.fit(picture.crop((0, 0, height, height)), name)
        right = self.fit(picture.crop((height, 0, width, height)), name)
        return TwoDomains(left, right) if self.direction == "AtoB" else TwoDomains(right, left)
