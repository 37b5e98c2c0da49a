"""A face of a network, in memory: inverted, sampled, averaged or blended, it is edited, swept and scored alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.fingerprint import fingerprint
from latentlab.core.image import load_image, load_picture
from latentlab.core.latent import Latent
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import STORED, Pivot
from latentlab.core.shapes import Images

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Photo:
    """Where an inverted face was seen."""

    aligned: Path | Tensor
    """The face cut out of the photo, a file or [1 3 s s]."""
    source: Path | Image | None = None
    """The whole photo, a file or an upright RGB picture; None where it was not kept."""
    crop: Crop | None = None
    """Where in the photo the face is."""

    def face(self) -> Images:
        """The aligned face, [1 3 s s] in [-1, 1]."""
        return load_image(self.aligned) if isinstance(self.aligned, Path) else self.aligned

    def picture(self) -> Image | None:
        """The whole photo, upright RGB."""
        return load_picture(self.source) if isinstance(self.source, Path) else self.source


@dataclass(frozen=True, eq=False)
class Face:
    """One face, whether or not it has a folder on disk."""

    name: str
    latent: Latent
    """Of one sample."""
    image: Tensor
    """As the network renders it, [1 3 r r] in [-1, 1]."""
    noise: Noise = FIXED
    pivot: Pivot | None = None
    model: str = ""
    """Hash of the network."""
    origin: Mapping[str, object] = field(default_factory=dict)
    """How it came to be, as a recipe: what was inverted and how, the seed that was sampled, the faces that were blended."""
    photo: Photo | None = None
    """Of an inverted face."""
    folder: Path | None = None
    """Where it is kept on disk, if it is."""

    def tensors(self) -> dict[str, Tensor]:
        """Flat names for a file: values, noise.LAYER, pivot.…, correction.RESOLUTION."""
        tensors = {"values": self.latent.values}
        tensors |= {f"noise.{name}": value for name, value in self.noise.maps.items()}
        if self.pivot is not None:
            tensors |= {name: value.to(STORED) for name, value in self.pivot.tensors().items()}
        if self.latent.correction is not None:
            tensors[f"correction.{self.latent.correction.resolution}"] = self.latent.correction.values
        return tensors

    @cached_property
    def hash(self) -> str:
        """Of its tensors: what a recipe calls it by."""
        return fingerprint(self.tensors())

    @property
    def measures(self) -> dict[str, float]:
        """How near an inverted face came to its photo, by name; empty for any other."""
        errors = self.origin.get("errors")
        found = errors.items() if isinstance(errors, Mapping) else ()
        return {str(name): float(value) for name, value in found if isinstance(value, int | float)}
