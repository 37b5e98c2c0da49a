"""A child network kept as its difference: the parent is found by the hash that the file names, children by theirs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import LatentLabError, WrongGenerator
from latentlab.store.archive import is_safetensors, read_story
from latentlab.store.home import known_networks
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.finding import find

if TYPE_CHECKING:  # whose child a network is says its story, without torch
    from latentlab.store.bridge.foreign import Foreign

KIND = "difference"


def is_child(path: Path) -> bool:
    """Whether the file is a difference from a parent."""
    try:
        with open(path, "rb") as file:
            if not is_safetensors(file.read(16), path.stat().st_size):
                return False
        return read_story(path).get("kind") == KIND
    except (OSError, LatentLabError):
        return False  # whoever reads it as a network says what is wrong


def read_child(path: Path, home: str | Path = "lab") -> dict[str, Foreign]:
    """The child as if it were a whole file; its parent must be a network that can be named, or lie beside one or beside it."""
    from latentlab.backbones.difference import Difference
    from latentlab.store.bridge.foreign import Foreign
    from latentlab.store.bridge.own import part_of

    difference = Difference.load(path)
    parent = _parent(difference.parent, path, home)
    tensors = difference.added_to(parent.tensors)
    part = part_of(parent.kind)
    story: dict[str, object] = {"parent": difference.parent, "file": path.name, "part": part}
    return {part: Foreign(parent.kind, parent.arguments, tensors, story)}


def children_of(digest: str, home: str | Path = "lab") -> dict[str, Path]:
    """Networks that can be named and are kept as a difference from the one with this hash."""

    found = {}
    for name, path in known_networks(home).items():
        if path.suffix == ".safetensors" and is_child(path):
            with suppress(LatentLabError):
                if read_story(path).get("parent") == digest:
                    found[name] = path
    return found


def parent_file(path: Path, home: str | Path = "lab") -> Path | None:
    """Where a child's parent lies, if it is a file of ours that can be named or lies beside the child."""
    with suppress(LatentLabError):
        digest = read_story(path).get("parent")
        return next((file for file in _own_files(path, home) if _hash_of(file) == digest), None)
    return None


def parent_of(studio: Lab) -> Lab | None:
    """The lab on the network that this one is kept as a difference from; None for one that lies in no file."""
    try:
        place = find(studio.network, studio.home)
    except LatentLabError:
        return None
    file = parent_file(place, studio.home) if is_child(place) else None
    if file is None:
        return None
    known = (name for name, path in known_networks(studio.home).items() if path == file)
    return studio.on(next(known, file))


def _parent(digest: str, path: Path, home: str | Path) -> Foreign:
    """The network with this hash: stories are read first, whole files only where they have none."""
    from latentlab.core.fingerprint import fingerprint
    from latentlab.store import bridge

    for file in _own_files(path, home):
        if _hash_of(file) == digest:
            with suppress(LatentLabError):
                return next(iter(bridge.read(file).values()))
    for file in (file for file in known_networks(home).values() if file.suffix != ".safetensors"):
        for foreign in bridge.read(file, ("G_ema", "G")).values():
            if fingerprint(foreign.tensors) == digest:
                return foreign
    raise WrongGenerator(
        f"{path} is the difference from the network {digest[:12]}, which is not here; give that network a name "
        f"(latentlab models add NAME FILE), or put it beside the difference"
    )


def _own_files(path: Path, home: str | Path) -> list[Path]:
    """Where a parent may lie: beside the child, a network with a name, or what is called as the child is beside one of those."""
    known = [file for file in known_networks(home).values() if file.suffix == ".safetensors"]
    others = [file.with_name(path.name) for file in known]
    files = [*sorted(path.parent.glob("*.safetensors")), *known, *(file for file in others if file.is_file())]
    return [file for file in files if file != path]


def _hash_of(file: Path) -> object:
    try:
        return read_story(file).get("hash")
    except LatentLabError:
        return None
