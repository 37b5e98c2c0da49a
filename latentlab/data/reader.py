"""A reader: numbered samples of one data set, each read on its own, so that order and batches are others' business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.image import decode_picture, from_pixels, resize_square
from latentlab.core.shapes import Images
from latentlab.data.batches import Batch, Faces, TwoDomains
from latentlab.data.tree import Tree

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Reader(ABC):
    """The samples of one data set on disk.

    Most readers have one list of samples; readers of unpaired domains have one for each (`sizes`), and a sample then
    takes one entry of each.
    """

    path: Path
    """Folder, or zip where the layout is one of pictures."""
    resolution: int | None = None
    """Side of the pictures: cropped to the central square and resized; None takes them as they are, all of one size."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        if self.resolution is not None and not 1 <= self.resolution <= 8192:
            raise BadInput(f"pictures cannot be {self.resolution} pixels wide; choose 1 to 8192")

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, ...]:
        """Entries on each side: (n,) or, for unpaired domains, (a, b)."""

    @abstractmethod
    def entry(self, side: int, index: int) -> Any:
        """One entry of one side; BadFile if it cannot be read."""

    @abstractmethod
    def name(self, side: int, index: int) -> str:
        """How errors call an entry."""

    @abstractmethod
    def join(self, entries: Sequence[Any]) -> Batch:
        """A sample, a batch of one, out of one entry for each side."""

    def __len__(self) -> int:
        return max(self.sizes)

    def read(self, *indices: int) -> Batch:
        """One sample; an unpaired reader takes one number for each side (or one for all, which wraps around)."""
        places = indices if len(indices) == len(self.sizes) else indices[:1] * len(self.sizes)
        return self.join(
            [self.entry(s, i % n) for s, (i, n) in enumerate(zip(places, self.sizes, strict=True))]
        )

    @cached_property
    def tree(self) -> Tree:
        """The files."""
        return Tree(self.path)

    def picture(self, name: str) -> Images:
        """One picture file of the data set as [1 3 h w], at the wanted resolution."""
        return self.fit(decode_picture(self.tree.read(name), self.tree.place(name)), name)

    def fit(self, picture: Image, name: str) -> Images:
        """A picture at the wanted resolution; without one, all pictures have to be of one size."""
        if self.resolution is not None:
            if picture.size != (self.resolution, self.resolution):
                picture = resize_square(picture, self.resolution)
        elif picture.size != self._first_size(name, picture.size):
            first_name, (width, height) = self.__dict__["_first"]
            raise BadInput(
                f"{self.path} has pictures of several sizes: {first_name} is {width}×{height}, {name} is "
                f"{picture.width}×{picture.height}; give a resolution to resize them"
            )
        return from_pixels(np.asarray(picture)[None])

    def _first_size(self, name: str, size: tuple[int, int]) -> tuple[int, int]:
        return self.__dict__.setdefault("_first", (name, size))[1]


@dataclass(frozen=True)
class Listed(Reader):
    """One list of pictures; a sample is one of them."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The picture files."""

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self.names),)

    def name(self, side: int, index: int) -> str:
        return self.names[index]

    def entry(self, side: int, index: int) -> Batch:
        return Faces(self.picture(self.names[index]))

    def join(self, entries: Sequence[Batch]) -> Batch:
        return entries[0]


@dataclass(frozen=True)
class TwoListed(Reader):
    """Pictures of two domains, A and B; a sample holds one of each, drawn apart."""

    @property
    @abstractmethod
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The picture files of A and of B."""

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self.names[0]), len(self.names[1]))

    def name(self, side: int, index: int) -> str:
        return self.names[side][index]

    def entry(self, side: int, index: int) -> Faces:
        return Faces(self.picture(self.names[side][index]))

    def join(self, entries: Sequence[Faces]) -> TwoDomains:
        a, b = entries
        return TwoDomains(a.images, b.images)


def nonempty(names: Sequence[str], tree: Tree, what: str) -> tuple[str, ...]:
    """The names, or the error that there are none."""
    if not names:
        seen = f"it holds {len(tree.names)} other files" if tree.names else "it is empty"
        raise BadFile(f"found no {what} in {tree.root}; {seen}")
    return tuple(names)
