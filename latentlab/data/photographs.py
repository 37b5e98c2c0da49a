"""Photographs of several labelled folders, chosen by conditions and shown as often as the weight of their set says."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from latentlab.core.errors import BadInput, unknown
from latentlab.core.files import atomic
from latentlab.core.watch import Watch, silent
from latentlab.data.holdout import is_held_out
from latentlab.data.labels import Condition, Labels
from latentlab.data.order import WeightedOrder
from latentlab.data.packed import Packed, pack_files, picture_files


@dataclass(frozen=True)
class Photographs:
    """Which photographs, and how often each is shown; `open` packs them once and gives the source."""

    folders: tuple[Path, ...]
    """Each with pictures and, where they are chosen or weighed, a `labels.csv` (column `file` and any others)."""
    size: int
    cache: Path
    """Where they are packed; another choice is packed anew."""
    where: tuple[str, ...] = ()
    """Conditions that all have to be met, such as `inside >= 0.98`, or for one folder `portraits: inside >= 0.98`."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How often a picture of a set is shown beside one of a set without a weight; 0 leaves the set out."""
    weigh_by: str = "set"
    """The column that names the sets."""
    mirror: bool = True
    hold_out: bool = True
    """Leave people held out out, by the names of their pictures."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if not (weight >= 0 and math.isfinite(weight)):
                raise BadInput(f"the weight of '{name}' is {weight}; weights are numbers from 0 on")
        if not self.folders:
            raise BadInput("no folder of photographs was named; name at least one with `data`")

    def open(self, watch: Watch = silent) -> Packed:
        """The source; broken pictures are left out and counted in a warning.

        Raises:
            BadFile: a folder or list that is not there.
            BadInput: nothing meets the conditions, or has a weight.
            UnknownName: a column or set that no list has.
        """
        conditions = [Condition.parse(text) for text in self.where]
        names = [Path(folder).name for folder in self.folders]
        for condition in conditions:
            if condition.folder and condition.folder not in names:
                raise unknown("folder of photographs", condition.folder, names)
        chosen = [self._choose(Path(folder), conditions) for folder in self.folders]
        self._check_sets([weight for one in chosen for weight in one.values()])
        parts = [self._pack(files, watch) for files in chosen]
        weights = [weight for _, part in parts for weight in part]
        order = WeightedOrder(tuple(weights), self.seed) if len(set(weights)) > 1 else None
        return Packed(tuple(path for path, _ in parts), self.seed, self.mirror, order)

    def _choose(self, folder: Path, conditions: Sequence[Condition]) -> dict[Path, tuple[str, float]]:
        """The files of a folder with their set and its weight."""
        conditions = [one for one in conditions if one.folder in ("", folder.name)]
        files = picture_files(folder)
        if not files:
            raise BadInput(f"{folder} holds no pictures to learn from; give a folder of PNG, JPEG or WebP")
        labels = Labels.read(folder) if conditions or self.weights else None
        if labels is not None:
            files = labels.choose(files, conditions)
        if self.hold_out:
            files = [file for file in files if not is_held_out(file.name)]
        if labels is None or not self.weights:
            return dict.fromkeys(files, ("", 1.0))
        column = labels.need(self.weigh_by)
        sets = {file: labels.rows.get(file.name, {}).get(column, "") for file in files}
        return {file: (name, self.weights.get(name, 1.0)) for file, name in sets.items()}

    def _check_sets(self, chosen: Sequence[tuple[str, float]]) -> None:
        sets = {name for name, _ in chosen}
        for name in self.weights:
            if name not in sets:
                raise unknown("set among the chosen photographs", name, sets)
        if not any(weight for _, weight in chosen):
            told = ", ".join(map(str, self.folders))
            raise BadInput(f"no photograph of {told} is left: all are held out, or have the weight 0")

    def _pack(self, files: Mapping[Path, tuple[str, float]], watch: Watch) -> tuple[Path, list[float]]:
        """The packed file of one folder and the weight of each picture in it."""
        shown = [file for file, (_, weight) in files.items() if weight]
        digest = hashlib.sha256("\n".join(map(str, shown)).encode()).hexdigest()[:12]
        packed = self.cache.with_name(f"{self.cache.stem}-{digest}.npy")
        listed = packed.with_suffix(".json")
        if not (packed.exists() and listed.exists()):
            kept = pack_files(shown, self.size, packed, resize=True, drop_broken=True, watch=watch)
            with atomic(listed) as temporary:
                temporary.write_text(json.dumps([str(file) for file in kept]))
        kept = [Path(name) for name in json.loads(listed.read_text())]
        return packed, [files[file][1] for file in kept]
