"""The direction library: NAME.direction.safetensors, found in the lab, beside the network, or given as a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile, BadInput, LatentLabError, unknown
from latentlab.directions.facts import Facts, facts_in, names_in
from latentlab.store.archive import read_story
from latentlab.store.home import find_asset
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.children import parent_of

if TYPE_CHECKING:  # a list of directions needs no torch
    from latentlab.core.direction import Direction

FOLDER = "directions"


def directions_folder(studio: Lab) -> Path:
    """Where the lab keeps the directions of this network: another network's `smile` lies in another folder."""
    return Path(studio.home) / FOLDER / studio.model[:12]


def places(studio: Lab, *, anywhere: bool = False) -> list[Path]:
    """Folders with directions: the lab's for this network, those that ship with it or lie beside its file, then what older
    versions kept in one folder; `anywhere` adds the lab's of other networks."""
    home = Path(studio.home) / FOLDER
    others = sorted(path for path in home.glob("*") if path.is_dir()) if anywhere else []
    found = dict.fromkeys([directions_folder(studio), home, *_given(studio), *others])
    return [folder for folder in found if folder.is_dir()]


def _given(studio: Lab) -> list[Path]:
    """Folders of directions that came with the network."""
    shipped = find_asset(f"{studio.name}/{FOLDER}")
    beside = Path(studio.network).parent / FOLDER if Path(studio.network).is_file() else None
    return [folder for folder in (shipped, beside) if folder is not None]


def shipped_names(studio: Lab) -> set[str]:
    """Names of the directions that came with the network and fit it."""
    return {n for folder in _given(studio) for n, path in names_in(folder).items() if _fits(path, studio)}


def direction_files(studio: Lab, *, anywhere: bool = False) -> dict[str, list[Path]]:
    """Every direction by name, with the files of that name, the lab's first."""
    files: dict[str, list[Path]] = {}
    for folder in places(studio, anywhere=anywhere):
        for name, path in names_in(folder).items():
            files.setdefault(name, []).append(path)
    return files


def find_direction(studio: Lab, name: str) -> Direction:
    """A direction of this network by name or file, or a channel of S (`b32.conv1.17`); UnknownName suggests the nearest and lists all that fit."""
    from latentlab.directions.library import load_direction
    from latentlab.studio.shelf.channels import channel, is_channel

    if name.endswith(".safetensors"):
        direction = load_direction(name)
    else:
        files = direction_files(studio)
        fitting = [path for path in files.get(name, ()) if _fits(path, studio)]
        if not fitting and (taken := _taken_over(studio, name)) is not None:
            return taken
        if name not in files and is_channel(studio.generator, name):
            return channel(studio, name)
        if name not in files:
            raise unknown("direction", name, own_names(studio) or files)
        direction = load_direction((fitting or files[name])[0])
    direction.check(studio.generator.hash)
    return direction


def _taken_over(studio: Lab, name: str) -> Direction | None:
    """The direction of this name of the network that this one is a child of: they share their latents."""
    from latentlab.directions.exchange import port

    parent = parent_of(studio)
    if parent is None or name not in own_names(parent):
        return None
    warnings.warn(
        f"'{name}' was found in '{parent.name}' and is taken over to '{studio.name}' as it is; the task port measures what it "
        "loses there",
        stacklevel=3,
    )
    return port(find_direction(parent, name), parent.model, studio.generator)


def own_names(studio: Lab) -> list[str]:
    """Names of the directions that fit this network, its parent's among them."""
    parent = parent_of(studio)
    return sorted({*files_of(studio), *(own_names(parent) if parent is not None else ())})


def files_of(studio: Lab, *, anywhere: bool = False) -> dict[str, list[Path]]:
    """Every direction of this network by name, with the files that fit it; `anywhere` adds those of other networks."""
    files = direction_files(studio, anywhere=anywhere)
    fitting = {name: [path for path in paths if _fits(path, studio)] for name, paths in files.items()}
    return {name: fitting[name] or files[name] for name in files if anywhere or fitting[name]}


def facts_of(path: Path) -> Facts:
    """What a direction's file tells without its vector; one line if it is damaged."""
    try:
        return facts_in(read_story(path))
    except (KeyError, TypeError, ValueError, LatentLabError) as error:
        raise BadFile(f"{path} is damaged ({error}); find or import the direction again") from None


def _fits(path: Path, studio: Lab) -> bool:
    try:
        return str(read_story(path).get("model") or "") in {"", studio.model}
    except BadFile:
        return False


def read_direction(studio: Lab, name: str) -> Direction:
    """A direction by name or file, of whatever network; one of this network comes first."""
    from latentlab.directions.library import load_direction

    if name.endswith(".safetensors"):
        return load_direction(Path(name))
    if name in own_names(studio):
        return find_direction(studio, name)
    files = direction_files(studio, anywhere=True)
    if name not in files:
        raise unknown("direction", name, files)
    return load_direction(files[name][0])


def export(studio: Lab, name: str, path: Path, *, overwrite: bool = False, lossy: bool = False) -> Path:
    """A direction of any network as a published format, by the ending of the file."""
    from latentlab.directions.exchange import export_direction

    if path.exists() and not overwrite:
        raise BadFile(f"{path} exists; choose another name, or `force`")
    return export_direction(read_direction(studio, name), path, lossy=lossy)


def identity(direction: Direction) -> dict[str, object]:
    """How a recipe names a direction: its name and the hash of its tensors, as its file has it."""
    from latentlab.core.fingerprint import fingerprint

    more = {f"flow.{name}": value for name, value in getattr(direction, "tensors", {}).items()}
    return {"name": direction.name, "hash": fingerprint({"vector": direction.vector} | more)}


def find_by_hash(studio: Lab, wanted: Mapping[str, object], inputs: Sequence[Path] = ()) -> Direction:
    """The direction that an untrusted recipe names: found by hash alone, in the library or among the inputs."""
    from latentlab.directions.exchange import port
    from latentlab.directions.library import load_direction
    from latentlab.studio.shelf.channels import channel, is_channel

    digest, name = wanted.get("hash"), str(wanted.get("name", ""))[:80]
    known = [path for paths in direction_files(studio).values() for path in paths if _fits(path, studio)]
    if is_channel(studio.generator, name) and identity(found := channel(studio, name))["hash"] == digest:
        return found
    known.sort(key=lambda path: not path.name.startswith(f"{name}."))  # most likely the one of that name
    for path in [*known, *(item for item in inputs if item.name.endswith(".safetensors"))]:
        try:
            direction = load_direction(path)
        except BadFile:
            continue
        if digest in (identity(direction)["hash"], read_story(path).get("hash")):
            direction.check(studio.generator.hash)
            return direction
    if (parent := parent_of(studio)) is not None:
        return port(find_by_hash(parent, wanted, inputs), parent.model, studio.generator)
    raise BadInput(
        f"the picture was made with the direction '{name}' ({str(digest)[:12]}), which is not here; add its file to `inputs`"
    )
