"""UTKFace (Zhang et al. 2017): age, gender and race stand in the file's name, `25_1_2_20170116174525125.jpg.chip.jpg`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from latentlab.core.errors import BadFile
from latentlab.data.batches import Aged, Batch
from latentlab.data.reader import Reader, nonempty

_NAME = re.compile(r"(?:^|/)(\d{1,3})_([01])_(?:([0-4])_)?(\d+)[^/]*$")
"""A few of the published files lack the race; their age and gender still count."""


@dataclass(frozen=True)
class UTKFace(Reader):
    """Aligned faces with age (years), gender (0 male, 1 female) and race."""

    oldest: int = 120
    """Greater ages are taken for slips of the pen."""

    @cached_property
    def _parsed(self) -> tuple[tuple[str, int, int, int], ...]:
        pictures = nonempty(self.tree.pictures(), self.tree, "pictures")
        rows = []
        for name in pictures:
            match = _NAME.search(name)
            if match and int(match.group(1)) <= self.oldest:
                age, gender, race, _ = match.groups()
                rows.append((name, int(age), int(gender), -1 if race is None else int(race)))
        strange = len(pictures) - len(rows)
        if not rows:
            raise BadFile(
                f"none of the {len(pictures)} pictures in {self.path} is named like UTKFace's "
                f"25_1_2_20170116174525125.jpg, e.g. {pictures[0]}"
            )
        if strange:
            warnings.warn(
                f"left out {strange} pictures of {self.path} whose names tell no age and gender", stacklevel=2
            )
        return tuple(rows)

    @property
    def sizes(self) -> tuple[int, ...]:
        return (len(self._parsed),)

    def name(self, side: int, index: int) -> str:
        return self._parsed[index][0]

    def entry(self, side: int, index: int) -> Aged:
        name, age, gender, race = self._parsed[index]
        numbers = (torch.tensor([float(value)]) for value in (age, gender, race))
        return Aged(self.picture(name), *numbers)

    def join(self, entries: Sequence[Batch]) -> Batch:
        return entries[0]
