"""The request to invert photos: by which method, from where, and whether the lab keeps what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from latentlab.core.errors import BadInput
from latentlab.core.ranges import FaceNumber, check
from latentlab.inversion.auto import Auto
from latentlab.inversion.inverter import Inverter
from latentlab.store.home import check_name


@dataclass(frozen=True)
class Invert:
    """How photos are inverted."""

    method: Inverter = field(default_factory=Auto)
    name: str | None = None
    """Name in the lab; the photo's own if left out."""
    face: FaceNumber | None = None
    """Which face of a photo with several, counted from the left, from 1."""
    start: str | Path | None = None
    """Name of an inversion of the same photo to begin from, or a file of saved latents."""
    mask: Path | None = None
    """Picture of the aligned face: white where the photo counts, black over what hides the face."""
    together: bool = False
    """All photos show one person and share one pivot."""
    profile: bool = False
    """Also faces seen from the side."""
    force: bool = False
    """Invert again what is finished, replace what has the same name."""
    encoder: Path | None = None
    """Another encoder than the one beside the network."""
    distance: str = "auto"
    """Perceptual distance: auto, discriminator, lpips or none."""
    keep: bool = True
    """Keep the faces in the lab, and take finished ones from there; else they are in memory alone."""

    def __post_init__(self) -> None:
        check(self)
        if self.name is not None:
            check_name(self.name)
        if self.start == "":
            raise BadInput("start is empty; name an inversion of the lab, or a file of saved latents")
