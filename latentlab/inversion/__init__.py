"""Inverters: from an aligned face to a latent that reproduces it; each on top of any other as a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentlab.core.registry import Registry

if TYPE_CHECKING:
    from latentlab.inversion.inverter import Inverter

INVERTERS: Registry[Inverter] = Registry(
    "inverter",
    {
        "encode": "latentlab.inversion.encode:Encode",
        "descend": "latentlab.inversion.descend:Descend",
        "projector": "latentlab.inversion.projector:Projector",
        "refine": "latentlab.inversion.refine:Refine",
        "pivot": "latentlab.inversion.pivot:PivotalTuning",
        "auto": "latentlab.inversion.auto:Auto",
    },
)
