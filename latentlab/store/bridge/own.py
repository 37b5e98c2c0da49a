"""Our own networks: safetensors whose story names the kind of network and its constructor arguments."""

from __future__ import annotations

from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.store.archive import Archive
from latentlab.store.bridge.foreign import Foreign, check_finite


def read_own(path: Path, parts: tuple[str, ...]) -> dict[str, Foreign]:
    """The one network in the file, under the part it is."""
    archive = Archive.load(path)
    arguments = archive.story.get("arguments")
    if not isinstance(arguments, dict):
        raise BadFile(f"it is a latentlab file of the kind '{archive.kind[:40]}', not a network")
    kind = archive.kind.replace("_critic", "_discriminator")  # what version 0.1 called them
    part = part_of(kind, archive.story.get("part"))
    tensors = dict(archive.tensors)
    check_finite(tensors, part)
    return {part: Foreign(kind, arguments, tensors, dict(archive.story))} if part in parts else {}


def part_of(kind: str, told: object = None) -> str:
    """`G_ema`, `D` or `encoder` by the kind of network, unless the story tells `G`."""
    if kind.endswith("_discriminator"):
        return "D"
    if kind == "arcface" or kind.startswith("encoder"):
        return "encoder"
    return "G" if told == "G" else "G_ema"
