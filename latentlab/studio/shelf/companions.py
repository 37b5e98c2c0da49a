"""What stands beside a generator: its encoder, its perceptual distance, its scorers; each may be missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from latentlab.core.errors import BadFile, BadInput, LatentLabError, MissingPart
from latentlab.core.shapes import Images
from latentlab.store.beside import beside
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.children import is_child, parent_file
from latentlab.studio.shelf.finding import find
from latentlab.studio.shelf.networks import make, read
from latentlab.studio.shelf.pool import file_key

if TYPE_CHECKING:
    from latentlab.core.distance import Distance
    from latentlab.scorers.identity import Identity
    from latentlab.scorers.learned import Learned

Read = TypeVar("Read")
"""A scorer or an embedding."""


@dataclass(frozen=True, eq=False)
class Companions:
    """What an inverter may use."""

    encoder: nn.Module | None = None
    distance: Distance | None = None

    @property
    def distance_name(self) -> str:
        """What the perceptual distance is; empty where there is none."""
        return "" if self.distance is None else self.distance.name


def companions(studio: Lab, encoder: Path | None = None, distance: str = "auto") -> Companions:
    """The encoder (a file, else the one beside or inside the network's file) and the best perceptual distance."""
    found = find_encoder(studio, encoder)
    return Companions(found, find_distance(studio, distance))


def find_encoder(studio: Lab, path: Path | None = None) -> nn.Module | None:
    """The encoder for this network; None where none is at hand."""
    if path is not None:
        module = _part(path, "encoder", studio)
        if module is None:
            raise BadFile(f"{path} holds no encoder; name another file")
        return module
    return _beside(studio, "encoder", "encoder")


def _beside(studio: Lab, part: str, stem: str) -> nn.Module | None:
    """A network that lies beside the generator's file, or inside it; a child shares its parent's latents and helpers."""

    place = find(studio.network, studio.home)
    parent = parent_file(place, studio.home) if is_child(place) else None
    for file in (place, parent) if parent else (place,):
        for path in (
            beside(file, stem),
            file.with_name(f"{file.stem}.{stem}.safetensors"),
        ):
            if path.is_file() and path not in (place, parent):
                return _part(path, part, studio)
    return _part(place, part, studio) if place.suffix != ".safetensors" else None


def _part(path: Path, part: str, studio: Lab) -> nn.Module | None:
    def load() -> nn.Module:
        parts = read(path, (part,), studio.home)
        if part not in parts:
            raise MissingPart(f"{path} holds no {part}")
        return make(parts[part]).to(studio.place)

    key = (part, file_key(path) if path.is_file() else str(path), str(studio.place))
    try:
        return studio.pool.get(key, load)
    except MissingPart:
        return None
    except LatentLabError:
        if path.suffix == ".safetensors":
            raise
        return None  # a generator's file that holds nothing else


def find_distance(studio: Lab, name: str = "auto") -> Distance | None:
    """LPIPS where its weights are at hand, else the features of the network's own discriminator, else none."""
    from latentlab.networks.lpips import best_lpips
    from latentlab.networks.perceptual import DiscriminatorDistance, FeatureDistance

    found: FeatureDistance | None = None
    name = "discriminator" if name == "critic" else name  # the word of version 0.1
    if name not in {"auto", "lpips", "discriminator", "none"}:
        raise BadInput(f"no distance is called '{name}' (known: auto, discriminator, lpips, none)")
    if name in {"auto", "lpips"}:
        try:
            found = studio.pool.get(("lpips", str(studio.place)), lambda: best_lpips(studio.place))
        except MissingPart:
            if name == "lpips":
                raise
    if found is None and name in {"auto", "discriminator"}:
        discriminator = _beside(studio, "D", "discriminator")
        if discriminator is None and name == "discriminator":
            raise MissingPart(f"no discriminator came with the network '{studio.name}'; use `distance` none")
        found = None if discriminator is None else DiscriminatorDistance(discriminator)
    return found


def guide(studio: Lab) -> Learned:
    """The scorer that closed loops see."""
    from latentlab.scorers.learned import Guide

    return _own_or_shipped(studio, "guide", Guide)


def judge(studio: Lab) -> Learned:
    """The scorer that only judges: nothing is found, chosen or steered by it."""
    from latentlab.scorers.learned import Judge

    return _own_or_shipped(studio, "judge", Judge)


def witness(studio: Lab) -> Learned:
    """The scorer that only reports, made apart from guide and judge; MissingPart where none is at hand."""
    from latentlab.scorers.learned import Witness

    return _own_or_shipped(studio, "witness", Witness)


def identity(studio: Lab) -> Identity:
    """Our identity embedding; MissingPart where none is at hand."""
    from latentlab.scorers.identity import Identity

    return _own_or_shipped(studio, "identity", Identity)


def _own_or_shipped(studio: Lab, role: str, load: Callable[[Path | None, torch.device], Read]) -> Read:
    """What reads faces in a role, from beside the network's file or as it ships; loaded once."""
    path = own_file(studio, role)
    key = (load, None if path is None else file_key(path), str(studio.place))
    return studio.pool.get(key, lambda: load(path, studio.place))


class OwnLikeness:
    """Similarity of identity by our embedding: the cosine, 1 for the same picture."""

    def __init__(self, studio: Lab) -> None:
        self.identity = identity(studio)

    def __call__(self, one: Images, other: Images) -> Tensor:
        return 1 - self.identity.distance(one, other)


def likeness(studio: Lab) -> OwnLikeness | None:
    """The similarity of identity, or None where no embedding is at hand."""
    try:
        return OwnLikeness(studio)
    except MissingPart:
        return None


def own_file(studio: Lab, stem: str) -> Path | None:
    """A scorer beside the network's file; None means the one that ships."""
    path = Path(studio.network).parent / f"{stem}.safetensors"
    return path if path.is_file() and path.parent != Path() else None
