"""Pictures below a folder, or of a glob: what latentlab itself put there (the lab, folders of batches) is no photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from latentlab.core.errors import BadInput, MissingFile
from latentlab.core.made import made_here

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif")
GLOB = "*?["
CLAIM = "batch.json"
"""By which the folder of a batch is known."""
NAMED = 3
"""Folders that are named in a line."""


@dataclass(frozen=True)
class Listed:
    """Pictures by id, and how many were left out of which folders."""

    paths: Mapping[str, str]
    left_out: Mapping[str, int] = field(default_factory=dict)


def list_pictures(source: str, own: Collection[Path]) -> Listed:
    """Ids are paths below the folder, endings and all, so that no two are the same.

    Pictures in `own` folders and in those of other batches are left out, unless `source` itself names one of them.
    """
    base = _base(source)
    known, kept, left = {folder.resolve() for folder in own}, {}, Counter[str]()

    @cache
    def ours(folder: Path) -> Path | None:
        """The folder at or above this one, below the base, that latentlab made."""
        if folder in (base, folder.parent):
            return None
        above = ours(folder.parent)
        return above or (folder if folder.resolve() in known or made_here(folder / CLAIM) else None)

    for path in _pictures(source, base):
        if (folder := ours(path.parent)) is None:
            kept[path.relative_to(base).as_posix()] = str(path)
        else:
            left[str(folder)] += 1
    return Listed(kept, dict(sorted(left.items())))


def left_words(left_out: Mapping[str, int]) -> str:
    """`12 pictures left out, of lab (10) and older (2): …`; empty where none were."""
    if not left_out:
        return ""
    named = [f"{folder} ({count})" for folder, count in list(left_out.items())[:NAMED]]
    more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
    total = sum(left_out.values())
    return (
        f"{total} {'picture' if total == 1 else 'pictures'} left out, in {', '.join(named)}{more}: the lab's own, or of "
        "a batch; to take them, name their folder itself"
    )


def _base(source: str) -> Path:
    """The folder that ids are relative to."""
    folder = Path(source)
    if folder.is_dir():
        return folder
    if any(mark in source for mark in GLOB):
        return Path(*_before_glob(folder.parts))
    if folder.is_file():
        raise BadInput(
            f"{source} is no manifest; give a folder, a glob in quotes, or a table .parquet or .csv"
        )
    raise MissingFile(f"there is no folder or table {source}")


def _pictures(source: str, base: Path) -> Iterator[Path]:
    folder = Path(source)
    pattern = "**/*" if folder.is_dir() else str(Path(*folder.parts[len(_before_glob(folder.parts)) :]))
    return (path for path in base.glob(pattern) if path.suffix.lower() in PICTURES)


def _before_glob(parts: tuple[str, ...]) -> list[str]:
    place = next(number for number, part in enumerate(parts) if any(mark in part for mark in GLOB))
    return list(parts[:place])
