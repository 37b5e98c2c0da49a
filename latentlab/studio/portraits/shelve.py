"""A face put on the shelf: a folder in the lab, whole or not there."""

from __future__ import annotations

from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.inversion.saved import save
from latentlab.store.home import check_name, entries
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable


def shelve(studio: Lab, face: Face, name: str | None = None, *, overwrite: bool = False) -> Face:
    """The face with its folder; one that is there under this name already is another face's, unless it is the same."""
    name = check_name(name or face.name)
    folder = Path(writable(studio.home)) / name
    if folder.exists() and not overwrite and not (name in entries(studio.home) and face.folder == folder):
        raise BadInput(f"the lab has something called '{name}' already; choose another name, or overwrite it")
    return save(folder, face)
