"""What turns images into numbers: scorers trained on renders, and measures that were never trained here."""

from typing import Any

from latentlab.core.registry import Registry

SCORERS: Registry[Any] = Registry(
    "scorer",
    {
        "guide": "latentlab.scorers.learned:Guide",
        "judge": "latentlab.scorers.learned:Judge",
        "witness": "latentlab.scorers.learned:Witness",
        "identity": "latentlab.scorers.identity:Identity",
        "geometry": "latentlab.scorers.geometry:Geometry",
        "colour": "latentlab.scorers.colour:Colour",
        "dlib-identity": "latentlab.scorers.dlib_identity:DlibIdentity",
    },
)
UNTRAINED = ("geometry", "colour", "dlib-identity")
"""Measures that judge without having learned from renders; no method is ever trained against them."""
