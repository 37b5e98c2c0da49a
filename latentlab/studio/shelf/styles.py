"""Styles by name: filters, and children of the studio's network, which share its latent space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from latentlab.core.errors import BadInput, MissingPart, unknown
from latentlab.core.fingerprint import fingerprint
from latentlab.core.generator import Generator
from latentlab.editing.style.cartoon import DRAWINGS, Cartoon
from latentlab.editing.style.filters import FILTERS
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.home import assets_folder
from latentlab.studio.lab import Lab
from latentlab.studio.shelf.children import children_of
from latentlab.studio.shelf.networks import GENERATORS, find, make, read

FILTER = "filter"
"""What stands for the hash of a style without weights."""


@dataclass(frozen=True, eq=False)
class Style:
    """A way to draw."""

    name: str
    hash: str
    tensors: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    """The child's, under its parent's names; empty for a filter."""
    drawing: Cartoon | None = None
    """What it does to a photo itself, where that is known."""


def style_names(studio: Lab) -> list[str]:
    """Those that this network can draw in."""
    return sorted({*FILTERS, *_children(studio)})


def find_style(studio: Lab, name: str) -> Style:
    """The style of a name; the nearest one is suggested where there is none."""
    if name in FILTERS:
        return Style(name, FILTER)
    files = _children(studio)
    if name not in files:
        raise unknown("style", name, style_names(studio))
    tensors = read(files[name], GENERATORS, studio.home)["G_ema"].tensors
    drawing = DRAWINGS.get(name) if files[name].is_relative_to(assets_folder()) else None
    return Style(name, fingerprint(tensors), tensors, drawing)


def style_by_hash(studio: Lab, name: str, digest: object) -> Style:
    """The style that an untrusted recipe names: found by its weights, whatever it is called here."""
    if digest == FILTER:
        if name not in FILTERS:
            raise unknown("filter", name[:40], FILTERS)
        return Style(name, FILTER)
    for known in _children(studio):
        style = find_style(studio, known)
        if style.hash == digest:
            return style
    raise BadInput(
        f"the picture was drawn in the style '{name[:40]}' ({str(digest)[:12]}), which is not here; put its file into "
        f"{studio.home}/networks"
    )


def styled_network(studio: Lab, style: Style, strength: float) -> Generator:
    """The network that draws so much of a style."""
    from latentlab.backbones.style.strength import blended

    parent = own_parts(studio)
    module = make(Foreign(parent.kind, parent.arguments, blended(parent, style.tensors, strength)))
    assert isinstance(module, Generator), "a child of a generator is one"
    return module.to(studio.place)


def _children(studio: Lab) -> dict[str, Path]:
    """By the hash of the parent's file, which is what a difference names."""
    return children_of(fingerprint(own_parts(studio).tensors), studio.home)


def own_parts(studio: Lab) -> Foreign:
    """The studio's generator as its file has it."""
    parts = read(find(studio.network, studio.home), GENERATORS, studio.home)
    for name in GENERATORS:
        if name in parts:
            return parts[name]
    raise MissingPart(f"the file of '{studio.name}' holds no generator")
