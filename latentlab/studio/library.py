"""The direction library: NAME.direction.safetensors, found in the lab, beside the network, or given as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile, BadInput, unknown
from latentlab.core.fingerprint import fingerprint
from latentlab.store.archive import read_story
from latentlab.store.home import find_asset

if TYPE_CHECKING:
    from latentlab.studio.studio import Studio

FOLDER = "directions"
ENDING = ".direction.safetensors"


def places(studio: Studio) -> list[Path]:
    """Folders with directions: the lab's first, then those that ship with the network or lie beside its file."""
    shipped = find_asset(f"{studio.name}/{FOLDER}")
    beside = Path(studio.network).parent / FOLDER if Path(studio.network).is_file() else None
    found = [Path(studio.home) / FOLDER, shipped, beside]
    return [folder for folder in found if folder is not None and folder.is_dir()]


def direction_files(studio: Studio) -> dict[str, list[Path]]:
    """Every direction by name, with the files of that name, the lab's first."""
    from latentlab.directions.library import names_in

    files: dict[str, list[Path]] = {}
    for folder in places(studio):
        for name, path in names_in(folder).items():
            files.setdefault(name, []).append(path)
    return files


def find_direction(studio: Studio, name: str) -> Direction:
    """A direction of this network by name or file; UnknownName suggests the nearest and lists all that fit."""
    from latentlab.directions.library import load_direction

    if name.endswith(".safetensors"):
        direction = load_direction(name)
    else:
        files = direction_files(studio)
        if name not in files:
            raise unknown("direction", name, own_names(studio) or files)
        fitting = [path for path in files[name] if _fits(path, studio)]
        direction = load_direction((fitting or files[name])[0])
    direction.check(studio.generator.hash)
    return direction


def own_names(studio: Studio) -> list[str]:
    """Names of the directions that fit this network."""
    return sorted(n for n, paths in direction_files(studio).items() if any(_fits(p, studio) for p in paths))


def _fits(path: Path, studio: Studio) -> bool:
    try:
        return str(read_story(path).get("model") or "") in {"", studio.generator.hash}
    except BadFile:
        return False


def find_directions(studio: Studio, strengths: Mapping[str, float]) -> dict[Direction, float]:
    """Names and strengths to directions and strengths."""
    return {find_direction(studio, name): strength for name, strength in strengths.items()}


def identity(direction: Direction) -> dict[str, object]:
    """How a recipe names a direction: its name and the hash of its tensors, as its file has it."""
    more = {f"flow.{name}": value for name, value in getattr(direction, "tensors", {}).items()}
    return {"name": direction.name, "hash": fingerprint({"vector": direction.vector} | more)}


def find_by_hash(studio: Studio, wanted: Mapping[str, object], inputs: Sequence[Path] = ()) -> Direction:
    """The direction that an untrusted recipe names: found by hash alone, in the library or among the inputs."""
    from latentlab.directions.library import load_direction

    digest, name = wanted.get("hash"), str(wanted.get("name", ""))[:80]
    known = [path for paths in direction_files(studio).values() for path in paths]
    for path in [*known, *(item for item in inputs if item.name.endswith(".safetensors"))]:
        try:
            if read_story(path).get("hash") == digest:
                direction = load_direction(path)
                direction.check(studio.generator.hash)
                return direction
        except BadFile:
            continue
    raise BadInput(
        f"the picture was made with the direction '{name}' ({str(digest)[:12]}), which is not here; add --input FILE"
    )
