"""What a `labels.csv` beside pictures says of each, and which pictures meet conditions such as `inside >= .98`."""

from __future__ import annotations

import csv
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentlab.core.errors import BadFile, BadInput, unknown

LIST = "labels.csv"
FILE = "file"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, "==": operator.eq, "=": operator.eq, ">": operator.gt,
    "<": operator.lt,
}  # fmt: skip
_FORM = re.compile(r"^\s*(?:([^:<>=!]+?)\s*:)?\s*([\w.-]+)\s*(>=|<=|!=|==|=|>|<)\s*(.+?)\s*$")


@dataclass(frozen=True)
class Condition:
    """A column compared with a value: as numbers where the value is one, else as words (equal or not)."""

    folder: str
    """Name of the folder whose pictures have to meet it; empty is every folder."""
    column: str
    comparison: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """From `inside >= 0.98`, `set = faker`, `sex != male`, and for one folder alone `portraits: inside >= 0.98`."""
        found = _FORM.match(text)
        if not found:
            raise BadInput(
                f"'{text}' is no condition; write a column, a comparison and a value, such as 'inside >= 0.98'"
            )
        condition = cls(found[1] or "", *found.groups()[1:])
        if _number(condition.value) is None and condition.comparison not in ("=", "==", "!="):
            raise BadInput(f"'{text}' compares with a word; words can only be equal (=) or not (!=)")
        return condition

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether a row meets it; an empty or strange cell meets no comparison of numbers."""
        cell, wanted = row[self.column].strip(), _number(self.value)
        if wanted is None:
            return COMPARISONS[self.comparison](cell, self.value)
        seen = _number(cell)
        return seen is not None and COMPARISONS[self.comparison](seen, wanted)


@dataclass(frozen=True)
class Labels:
    """The rows of a list, by the file's name without folders."""

    place: Path
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, folder: Path) -> Labels:
        """The list in a folder; BadFile where there is none, or none that names files."""
        place = Path(folder) / LIST
        try:
            with open(place, newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
                columns = tuple(reader.fieldnames or ())
        except FileNotFoundError:
            raise BadFile(
                f"{folder} has no {LIST}; pictures can only be chosen or weighed by what a list says of them"
            ) from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise BadFile(f"cannot read {place}: {error}") from None
        if FILE not in columns:
            raise BadFile(
                f"{place} has no column '{FILE}', only: {', '.join(columns)[:200]}; its rows name no pictures"
            )
        return cls(place, columns, {row[FILE].rsplit("/", 1)[-1]: row for row in rows})

    def need(self, column: str) -> str:
        """The column itself; UnknownName where the list has none of that name."""
        if column not in self.columns:
            raise unknown(f"column of {self.place}", column, self.columns)
        return column

    def choose(self, files: Sequence[Path], where: Sequence[Condition]) -> list[Path]:
        """The files that meet every condition; one that the list does not name meets none."""
        for condition in where:
            self.need(condition.column)
        if not where:
            return list(files)
        kept = [file for file in files if self._meets(file.name, where)]
        if not kept:
            told = " and ".join(f"{one.column} {one.comparison} {one.value}" for one in where)
            raise BadInput(f"none of the {len(files)} pictures beside {self.place} has {told}; ask for less")
        return kept

    def _meets(self, name: str, where: Sequence[Condition]) -> bool:
        row = self.rows.get(name)
        return row is not None and all(condition.holds(row) for condition in where)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
