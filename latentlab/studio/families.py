"""The families of methods by name, for the command line and the app; nothing is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module

from latentlab.core.errors import unknown
from latentlab.core.registry import Registry

FAMILIES = {
    "inverter": "latentlab.inversion:INVERTERS",
    "discoverer": "latentlab.directions:DISCOVERERS",
    "scorer": "latentlab.scorers:SCORERS",
    "baseline": "latentlab.baselines:BASELINES",
}


def methods(family: str) -> Registry:
    """The registry of a family: name to class; iterating over the names imports no method."""
    if family not in FAMILIES:
        raise unknown("family of methods", family, FAMILIES)
    module, _, name = FAMILIES[family].partition(":")
    return getattr(import_module(module), name)
