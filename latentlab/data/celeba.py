"""CelebA (Liu et al. 2015): `img_align_celeba`, `list_attr_celeba.txt`, `list_eval_partition.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.data.batches import Attributed
from latentlab.data.reader import Listed, nonempty

SPLITS = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class CelebA(Listed):
    """Faces with 40 attributes; the lists as text (as published) or as CSV (as on Kaggle), anywhere below the folder."""

    split: Literal["train", "validation", "test", "all"] = "train"

    @cached_property
    def _table(self) -> tuple[tuple[str, ...], dict[str, list[str]]]:
        listed = self.tree.find("list_attr_celeba.txt", "list_attr_celeba.csv")
        if listed is None:
            raise BadFile(f"found no list_attr_celeba.txt in {self.path}; it is part of CelebA's annotations")
        lines = [
            line.replace(",", " ").split() for line in self.tree.text(listed).splitlines() if line.strip()
        ]
        if lines and len(lines[0]) == 1 and lines[0][0].isdecimal():
            lines = lines[1:]  # the count
        if len(lines) < 2:
            raise BadFile(f"{self.tree.place(listed)} lists no pictures")
        names = tuple(name for name in lines[0] if name != "image_id")
        for line in lines[1:]:
            if len(line) != len(names) + 1 or any(value not in ("-1", "1", "0") for value in line[1:]):
                raise BadFile(
                    f"{self.tree.place(listed)} has the line '{' '.join(line)[:60]}': expected a file and {len(names)} values"
                )
        return names, {line[0]: line[1:] for line in lines[1:]}

    @cached_property
    def attribute_names(self) -> tuple[str, ...]:
        """Columns of the attributes."""
        return self._table[0]

    @cached_property
    def _partition(self) -> dict[str, int] | None:
        listed = self.tree.find("list_eval_partition.txt", "list_eval_partition.csv")
        if listed is None:
            return None
        pairs = [
            line.replace(",", " ").split() for line in self.tree.text(listed).splitlines() if line.strip()
        ]
        try:
            return {pair[0]: int(pair[1]) for pair in pairs if pair[0] != "image_id"}
        except (ValueError, IndexError):
            raise BadFile(f"{self.tree.place(listed)} is no list of pictures and split numbers") from None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The picture files of the split."""
        pictures = {name.rsplit("/", 1)[-1]: name for name in self.tree.pictures()}
        nonempty(tuple(pictures), self.tree, "pictures")
        known = self._table[1]
        if lost := [name for name in known if name not in pictures]:
            raise BadFile(
                f"CelebA's list names {len(lost)} pictures that are not in {self.path}, e.g. {lost[0]}; "
                "unpack img_align_celeba.zip there"
            )
        if self.split == "all":
            return tuple(pictures[name] for name in known)
        if self._partition is None:
            raise BadFile(f"found no list_eval_partition.txt in {self.path}; add it, or read split 'all'")
        chosen = tuple(pictures[name] for name in known if self._partition.get(name) == SPLITS[self.split])
        return nonempty(chosen, self.tree, f"pictures of the split '{self.split}'")

    @cached_property
    def _attributes(self) -> Tensor:
        rows = [self._table[1][name.rsplit("/", 1)[-1]] for name in self.names]
        return (torch.tensor([[int(value) for value in row] for row in rows]) > 0).float()

    def entry(self, side: int, index: int) -> Attributed:
        return Attributed(self.picture(self.names[index]), self._attributes[index : index + 1])
