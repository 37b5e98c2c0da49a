"""Pictures in a folder or zip, with the labels of `dataset.json` where there is one (the layout of the StyleGAN tools)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.data.batches import Batch, Faces, Labelled
from latentlab.data.reader import Listed, nonempty

LABEL_FILE = "dataset.json"


@dataclass(frozen=True)
class Folder(Listed):
    """Every picture below a folder or in a zip, in the order of the names."""

    labelled: bool = True
    """Read the labels where there are some."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The picture files."""
        return nonempty(self.tree.pictures(), self.tree, "pictures")

    @cached_property
    def labels(self) -> Tensor | None:
        """[n classes]: one-hot where the file gives class numbers, else the numbers it gives; None without labels."""
        if not self.labelled or LABEL_FILE not in self.tree.known:
            return None
        rows = self._label_rows()
        if rows is None:
            return None
        table = dict(rows)
        if lost := [name for name in table if name not in self.tree.known]:
            raise BadFile(
                f"{self.tree.place(LABEL_FILE)} labels {len(lost)} pictures that are not there, e.g. {lost[0]}; "
                "copy them or take them off the list"
            )
        if bare := [name for name in self.names if name not in table]:
            raise BadFile(
                f"{self.tree.place(LABEL_FILE)} has no label for {len(bare)} pictures, e.g. {bare[0]}; "
                "add them, or read without labels"
            )
        return _tensor([table[name] for name in self.names], self.tree.place(LABEL_FILE))

    def _label_rows(self) -> list[tuple[str, object]] | None:
        place = self.tree.place(LABEL_FILE)
        try:
            entries = json.loads(self.tree.text(LABEL_FILE))
            rows = entries.get("labels")
            return None if rows is None else [(str(name).replace("\\", "/"), label) for name, label in rows]
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            raise BadFile(
                f'cannot read {place} ({error}); it should hold {{"labels": [["name.png", 3], …]}}'
            ) from None

    def entry(self, side: int, index: int) -> Batch:
        image = self.picture(self.names[index])
        return Faces(image) if self.labels is None else Labelled(image, self.labels[index : index + 1])


def _tensor(labels: list[object], place: str) -> Tensor:
    if all(isinstance(label, int) and not isinstance(label, bool) for label in labels):
        classes = torch.tensor(labels, dtype=torch.int64)
        if classes.min() < 0 or classes.max() >= 1_000_000:
            raise BadFile(
                f"{place} has class numbers from {classes.min()} to {classes.max()}; they start at 0"
            )
        return torch.nn.functional.one_hot(classes).float()
    try:
        values = torch.tensor(labels, dtype=torch.float32)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadFile(f"{place} has labels that are no numbers of one length ({error})") from None
    return values if values.ndim == 2 else values.reshape(len(values), -1)
