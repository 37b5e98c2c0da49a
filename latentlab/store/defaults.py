"""Which networks are taken where nobody names one: a line each in `assets/defaults.json`, for samples and for photographs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from latentlab.core.errors import BadFile
from latentlab.store.home import find_asset, shipped_networks

AUTO = "auto"
"""The name that stands for them."""
RECORD = "defaults.json"


@dataclass(frozen=True)
class Defaults:
    """Names of networks that travel with the package."""

    samples: str = "faces"
    """Draws samples, and takes pictures that a computer drew."""
    photographs: str | None = None
    """Takes photographs; without it they get the network of samples."""


def defaults() -> Defaults:
    """What the package records; photographs need a network that is there. BadFile where the record is damaged."""
    path = find_asset(RECORD)
    if path is None:
        return Defaults()
    try:
        told = Defaults(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadFile(f"cannot read {path}: {error}; install latentlab again") from None
    there = told.photographs in shipped_networks(path.parent)
    return told if there else Defaults(told.samples)
