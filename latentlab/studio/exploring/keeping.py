"""What the shelf does to faces that are kept: rename, delete with a way back, take along as a zip."""

from __future__ import annotations

import io
import shutil
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from latentlab.core.errors import BadFile, BadInput
from latentlab.store.home import check_name, entries, entry
from latentlab.studio.lab import Lab

BIN = ".bin"
"""The folder in the lab where deleted faces wait."""


def rename(lab: Lab, name: str, to: str) -> Path:
    """Another name for a face of the lab."""
    folder, target = entry(lab.home, name), Path(lab.home) / check_name(to)
    if target.exists():
        raise BadInput(f"the lab has something called '{to}' already; choose another name")
    return _moved(folder, target)


def delete(lab: Lab, name: str) -> Path:
    """Put a face into the bin; `restore` takes it out again. A face that somebody else deleted meanwhile is said to be gone."""
    if name not in entries(lab.home):
        raise BadInput(f"'{name}' is not on the shelf any more; somebody else renamed or deleted it")
    place = Path(lab.home) / BIN
    place.mkdir(exist_ok=True)
    return _moved(entry(lab.home, name), place / f"{name}@{time.time_ns()}")


def restore(lab: Lab, kept: Path) -> str:
    """The name under which a deleted face is back: its own, or with a number where that is taken."""
    name = first = kept.name.partition("@")[0]
    number = 2
    while (Path(lab.home) / name).exists():
        name, number = f"{first}_{number}", number + 1
    _moved(kept, Path(lab.home) / name)
    return name


def bundle(lab: Lab, names: Sequence[str]) -> bytes:
    """Faces of the lab with all their files, as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            for file in sorted(entry(lab.home, name).rglob("*")):
                if file.is_file():
                    archive.write(file, f"{name}/{file.relative_to(entry(lab.home, name))}")
    return buffer.getvalue()


def _moved(folder: Path, target: Path) -> Path:
    try:
        shutil.move(folder, target)
    except FileNotFoundError:
        raise BadInput(
            f"'{folder.name}' is not on the shelf any more; somebody else renamed or deleted it"
        ) from None
    except OSError as error:
        raise BadFile(f"cannot move {folder.name}: {error.strerror or error}") from None
    return target
