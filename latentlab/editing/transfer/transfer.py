"""What every transfer is: from a photo and a generator's two pictures of it to the edited photo, at the photo's size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images
from latentlab.networks.transfer import Layers

LARGEST = 1024
"""Photos are edited at up to this many pixels a side."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One face three times, aligned alike; the pictures may have different sizes."""

    photo: Images
    """[1 3 s s] in [-1, 1]."""
    before: Images
    """The generator's picture of it, [1 3 r r]."""
    after: Images
    """The generator's picture after the edit."""
    landmarks: tuple[Tensor, Tensor] | None = None
    """The 68 points [68 2] of `before` and of `after`, in their pixels, where a face was found in both."""
    marks: Tensor | None = None
    """Those of the photo, in its pixels, where they are known."""

    def __post_init__(self) -> None:
        for name in ("photo", "before", "after"):
            shape = tuple(getattr(self, name).shape)
            if len(shape) != 4 or shape[:2] != (1, 3) or shape[2] != shape[3]:
                raise BadInput(
                    f"a transfer takes one square picture [1 3 s s]; '{name}' has the shape {shape}"
                )
        if self.before.shape != self.after.shape:
            raise BadInput(
                f"the pictures before and after an edit have one size; these are {self.before.shape[-1]} and "
                f"{self.after.shape[-1]} pixels wide"
            )
        if self.photo.shape[-1] > LARGEST:
            raise BadInput(
                f"a photo is edited at up to {LARGEST} pixels a side, this one has {self.photo.shape[-1]}; align it smaller"
            )


@dataclass(frozen=True, eq=False)
class Carried:
    """The edited photo, and what was done to it."""

    image: Images
    """[1 3 s s] in [-1, 1]."""
    layers: Layers
    torn: float
    """Share of the middle of the face in which pixels were folded or came from nowhere, 0..1."""


class Transfer(ABC):
    """Carries an edit from a generator's pictures to the photo."""

    reads_landmarks: ClassVar[bool] = False
    """Whether it is better with the landmarks of both pictures."""

    @abstractmethod
    def layers(self, scene: Scene) -> Layers:
        """What moves where, what is tinted and what is new, at one size for all layers."""

    @torch.no_grad()
    def carry(self, scene: Scene) -> Carried:
        """The edited photo at its own size."""
        from latentlab.editing.transfer.visibility import torn

        layers = self.layers(scene)
        return Carried(layers.compose(scene.photo).clamp(-1, 1), layers, torn(layers))
