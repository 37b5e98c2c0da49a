"""Directions for the command line: read whatever network they are of, and export to published formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.direction import Direction
from latentlab.core.errors import unknown
from latentlab.directions.exchange import export_direction
from latentlab.directions.library import load_direction
from latentlab.studio.library import direction_files, find_direction, own_names

if TYPE_CHECKING:
    from latentlab.studio.studio import Studio

__all__ = ["export_direction", "read_direction"]


def read_direction(studio: Studio, name: str) -> Direction:
    """A direction by name or file, of whatever network; one of this network comes first."""
    if name.endswith(".safetensors"):
        return load_direction(Path(name))
    if name in own_names(studio):
        return find_direction(studio, name)
    files = direction_files(studio)
    if name not in files:
        raise unknown("direction", name, files)
    return load_direction(files[name][0])
