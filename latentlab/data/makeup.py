"""The MT makeup data set in BeautyGAN's layout (Li et al. 2018): lists of `image mask`, bare and made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from latentlab.core.errors import BadFile
from latentlab.data.batches import Batch, ClassMasks, MakeupPairs, Parsed
from latentlab.data.reader import Reader

if TYPE_CHECKING:
    from PIL.Image import Image

LISTS = {"bare": "SYMIX", "made up": "MAKEMIX"}
"""Endings of the lists `train_SYMIX.txt`, `train_MAKEMIX.txt`, in the order of the sides."""


@dataclass(frozen=True)
class Makeup(Reader):
    """Unrelated bare and made-up faces with their face-parsing masks, paired by chance."""

    split: Literal["train", "test"] = "train"

    @cached_property
    def _lists(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        return tuple(self._list(f"{self.split}_{ending}.txt", kind) for kind, ending in LISTS.items())

    def _list(self, file: str, kind: str) -> tuple[tuple[str, str], ...]:
        listed = self.tree.find(file)
        if listed is None:
            raise BadFile(
                f"found no {file}, the list of {kind} faces, in {self.path}; its lines are: image mask"
            )
        lines = [line.split() for line in self.tree.text(listed).splitlines() if line.strip()]
        if not lines:
            raise BadFile(f"{self.tree.place(listed)} lists no pictures")
        if wrong := [line for line in lines if len(line) != 2]:
            raise BadFile(
                f"{self.tree.place(listed)} has the line '{' '.join(wrong[0])[:60]}'; expected: image mask"
            )
        below = listed.rsplit("/", 1)[0] + "/" if "/" in listed else ""
        pairs = tuple((below + image.lstrip("./"), below + mask.lstrip("./")) for image, mask in lines)
        if lost := [name for pair in pairs for name in pair if name not in self.tree.known]:
            raise BadFile(
                f"{self.tree.place(listed)} names {len(lost)} files that are not there, e.g. {lost[0]}"
            )
        return pairs

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(pairs) for pairs in self._lists)

    def name(self, side: int, index: int) -> str:
        return self._lists[side][index][0]

    def entry(self, side: int, index: int) -> Parsed:
        image, mask = self._lists[side][index]
        picture = self.picture(image)
        return Parsed(picture, self._mask(mask, picture.shape[-1]))

    def _mask(self, name: str, side: int) -> ClassMasks:
        from io import BytesIO

        from PIL import Image as pillow

        place = self.tree.place(name)
        try:
            with pillow.open(BytesIO(self.tree.read(name))) as opened:
                opened.load()
                plain: Image = (
                    opened if opened.mode in ("L", "P", "1", "I", "I;16") else _one_channel(opened, place)
                )
                square = min(plain.size)
                left, top = (plain.width - square) // 2, (plain.height - square) // 2
                box = (left, top, left + square, top + square)
                fitted = plain.resize((side, side), pillow.Resampling.NEAREST, box=box)
        except (OSError, SyntaxError, ValueError) as error:
            raise BadFile(f"cannot read the mask {place}: {error}") from None
        return torch.from_numpy(np.array(fitted).astype(np.int64))[None]

    def join(self, entries: Sequence[Parsed]) -> Batch:
        bare, made_up = entries
        return MakeupPairs(bare.images, bare.masks, made_up.images, made_up.masks)


def _one_channel(picture: Image, place: str) -> Image:
    values = np.asarray(picture)[..., :3]
    if (values != values[..., :1]).any():
        raise BadFile(
            f"the mask {place} is a colour picture; expected a class number (0 to 13) for each pixel"
        )
    from PIL import Image as pillow

    return pillow.fromarray(np.ascontiguousarray(values[..., 0]))
