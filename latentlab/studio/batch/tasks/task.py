"""What a task of a batch is: a frozen request, opened once in each worker, then given many items at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from latentlab.core.errors import LatentLabError
from latentlab.core.latent import Latent
from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.bench import SMALLEST_ALIGNED

if TYPE_CHECKING:
    from PIL.Image import Image

    from latentlab.faces.photo import FaceInPhoto
    from latentlab.studio.batch.look import Look


@dataclass(frozen=True, eq=False)
class Item:
    """One item, looked at: a face of a photo, a seed, or a latent."""

    id: str
    image: Images | None = None
    """The aligned face [1 3 s s] in [-1, 1]."""
    found: FaceInPhoto | None = None
    """How it lay in its photo; None where photos are aligned already."""
    hash: str = ""
    """SHA-256 of the photo's bytes."""
    seed: int | None = None
    latent: Latent | None = None


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture to be written."""

    image: Tensor | Image
    """[3 h w] in [-1, 1], or a Pillow picture."""
    story: Mapping[str, object]
    source: str | None = "trainedAlgorithmicMedia"
    """IPTC digital source type; None for a photograph."""


@dataclass(frozen=True, eq=False)
class Made:
    """What came of one item."""

    measures: Mapping[str, float] = field(default_factory=dict)
    latent: Latent | None = None
    drawn: Drawn | None = None
    crop: Mapping[str, object] | None = None
    """Where in the photo the face is."""
    hash: str = ""
    """Of the latent, for an item that has no photo."""


Outcome = Made | LatentLabError


class OpenTask(ABC):
    """A task with all that it needs loaded."""

    @property
    def size(self) -> int:
        """Side of the aligned faces that it wants."""
        return SMALLEST_ALIGNED

    @abstractmethod
    def make(self, items: Sequence[Item]) -> list[Outcome]:
        """What came of each; an item that cannot be done is its error, the others are not touched by it."""

    def ingredients(self) -> dict[str, object]:
        """Hashes of what the request names: another direction of the same name is another batch."""
        return {}


class Task(ABC):
    """Subclasses are frozen dataclasses; fields are what a single request has."""

    photos: ClassVar[bool] = True
    """Whether its items are photos; else seeds or latents."""
    draws: ClassVar[bool] = True
    """Whether it makes pictures."""
    whole: ClassVar[bool] = False
    """Whether it needs the whole photo beside the face."""

    @property
    def sight(self) -> Look:
        """How its photos are looked at; a task over photos has a field `look`."""
        found: Look = getattr(self, "look")  # noqa: B009  (a field of those over photos)
        return found

    def place(self, studio: Lab) -> Lab:
        """The lab on the network that the task works in."""
        return studio.for_samples

    @abstractmethod
    def open(self, studio: Lab) -> OpenTask:
        """Everything checked and loaded that can be before the first item."""
