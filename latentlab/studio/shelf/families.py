"""The families of methods by name, for the command line and the app; nothing is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module

from latentlab.core.errors import unknown
from latentlab.core.registry import Registry

FAMILIES: dict[str, str | Registry] = {
    "inverter": "latentlab.inversion:INVERTERS",
    "discoverer": "latentlab.directions:DISCOVERERS",
    "scorer": "latentlab.scorers:SCORERS",
    "evaluation": Registry("evaluation", {"faces": "latentlab.metrics.leakage:Evaluate"}),
    "baseline": "latentlab.baselines:BASELINES",
}


def methods(family: str) -> Registry:
    """The registry of a family: name to class; iterating over the names imports no method."""
    if family not in FAMILIES:
        raise unknown("family of methods", family, FAMILIES)
    place = FAMILIES[family]
    if isinstance(place, Registry):
        return place
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
