"""Aligned photographs with a `labels.csv` (file, set, licence, source, sex, age, label), split by person."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from latentlab.core.errors import BadFile
from latentlab.data.holdout import person, split
from latentlab.data.reader import Listed, nonempty

LIST = "labels.csv"


@dataclass(frozen=True)
class Portraits(Listed):
    """The portraits of one side of the split; held-out people are found by name (`latentlab.data.holdout`)."""

    split: Literal["train", "held out", "all"] = "train"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The picture files of the split."""
        pictures = nonempty(self.tree.pictures(), self.tree, "pictures")
        sides = split(pictures)
        chosen = {"train": sides.train, "held out": sides.held_out, "all": pictures}[self.split]
        return nonempty(chosen, self.tree, f"pictures of the split '{self.split}'")

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """What is known of each picture, by its file name without folders; empty without a list."""
        listed = self.tree.find(LIST)
        if listed is None:
            return {}
        rows = list(csv.DictReader(self.tree.text(listed).splitlines()))
        if any("file" not in row for row in rows):
            raise BadFile(f"{self.tree.place(listed)} has no column 'file'")
        return {row["file"]: row for row in rows}

    @cached_property
    def expression_pairs(self) -> tuple[tuple[str, str], ...]:
        """(neutral, smiling) pictures of the same person in this split."""
        neutral = {person(name): name for name in self.names if "neutral" in name.rsplit("/", 1)[-1]}
        smiling = {person(name): name for name in self.names if "smiling" in name.rsplit("/", 1)[-1]}
        return tuple((neutral[who], smiling[who]) for who in neutral if who in smiling)
