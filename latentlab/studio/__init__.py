"""The studio: the only place where networks, directions, inverters and files meet; one file for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latentlab.studio.families import methods

if TYPE_CHECKING:
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio

__all__ = ["Picture", "Studio", "methods"]

_LATER = {"Studio": "latentlab.studio.studio", "Picture": "latentlab.studio.picture"}


def __getattr__(name: str) -> Any:
    """`Studio` and `Picture` import torch, so they come when they are asked for."""
    if name not in _LATER:
        raise AttributeError(f"latentlab.studio has no '{name}'")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
