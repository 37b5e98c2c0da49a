"""What readers hand to a training: one frozen record of tensors for each kind of data, the batch axis first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeVar

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.shapes import Images, Landmarks

Numbers = Float[Tensor, " n"]
ClassMasks = Integer[Tensor, "n height width"]
"""A class for each pixel: the face-parsing classes 0 background, 1 skin, 2 3 brows, 4 5 eyes, 6 nose, 7 upper lip,
8 mouth, 9 lower lip, 10 hair, 11 12 ears, 13 neck."""
SIDES = ((2, 3), (4, 5), (11, 12))
"""Classes that come as left and right."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Base of all records; one sample is a batch of one."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def mirrored(self) -> Self:
        """Left and right exchanged in every picture."""
        pictures = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name).ndim == 4}
        masks = {f.name: getattr(self, f.name) for f in fields(self) if f.type == "ClassMasks"}
        turned = {name: value.flip(-1) for name, value in pictures.items()}
        return replace(self, **turned, **{name: _other_side(value.flip(-1)) for name, value in masks.items()})


@dataclass(frozen=True, eq=False)
class Faces(Batch):
    """Pictures and nothing else."""

    images: Images


@dataclass(frozen=True, eq=False)
class Labelled(Batch):
    """Pictures with a class (one-hot) or a row of numbers each."""

    images: Images
    labels: Float[Tensor, "n classes"]


@dataclass(frozen=True, eq=False)
class Attributed(Batch):
    """Pictures with attributes, 1 where present and 0 where not; the reader knows their names."""

    images: Images
    attributes: Float[Tensor, "n names"]


@dataclass(frozen=True, eq=False)
class Aged(Batch):
    """Pictures with age and gender."""

    images: Images
    ages: Numbers
    """Years."""
    genders: Numbers
    """0 male, 1 female, as UTKFace counts."""
    races: Numbers
    """0 White, 1 Black, 2 Asian, 3 Indian, 4 other, as UTKFace counts; -1 unknown."""


@dataclass(frozen=True, eq=False)
class Parsed(Batch):
    """Pictures with a class for each pixel."""

    images: Images
    masks: ClassMasks


@dataclass(frozen=True, eq=False)
class MakeupPairs(Batch):
    """A bare face and an unrelated made-up one, each with its parts."""

    bare: Images
    bare_masks: ClassMasks
    made_up: Images
    made_up_masks: ClassMasks


@dataclass(frozen=True, eq=False)
class TwoDomains(Batch):
    """One picture of each domain; whether they belong together, the reader says."""

    a: Images
    b: Images


@dataclass(frozen=True, eq=False)
class Posed(Batch):
    """Pictures with the parameters of the Basel face model fitted to them (300W-LP)."""

    images: Images
    angles: Float[Tensor, "n 3"]
    """Pitch, yaw, roll in degrees, as the fit states them."""
    camera: Float[Tensor, "n 4"]
    """Shift x, shift y, shift z, scale, as in the file."""
    shape: Float[Tensor, "n 199"]
    expression: Float[Tensor, "n 29"]
    texture: Float[Tensor, "n 40"]
    landmarks: Landmarks
    """68 points in pixels of the picture."""
    frontal: Images
    """The least turned picture of the same photo in the data set; the picture itself where there is no other."""

    def mirrored(self) -> Self:
        raise BadInput(
            "pictures with fitted face models cannot be mirrored; 300W-LP has folders ending in _Flip instead"
        )


@dataclass(frozen=True, eq=False)
class Rendered(Batch):
    """Renders of the face world with everything that is known of them."""

    images: Images
    factors: Float[Tensor, "n columns"]
    """The face's factors as numbers; the reader's `names` says what stands in which column."""
    landmarks: Landmarks
    """True points in pixels of the picture; (0, 0) is the middle of its first pixel."""
    masks: ClassMasks
    """Classes as the face world numbers them, or [n 0 0] where they were not asked for."""

    def mirrored(self) -> Self:
        raise BadInput(
            "renders cannot be mirrored, their factors would no longer be true; render more instead"
        )


Kind = TypeVar("Kind", bound=Batch)


def as_images(batch: Any, device: torch.device) -> Images:
    """The images of any batch as floats in [-1, 1]; bytes are converted on the device."""
    images = batch["images"] if isinstance(batch, dict) else getattr(batch, "images", batch)
    images = images.to(device)
    return images.float().div(127.5).sub(1) if images.dtype == torch.uint8 else images


def labels_of(batch: Any) -> Tensor | None:
    """The labels of any batch, or None."""
    return batch.get("labels") if isinstance(batch, dict) else getattr(batch, "labels", None)


def stack(samples: Sequence[Kind]) -> Kind:
    """Batches one after the other, field by field."""
    first = samples[0]
    return type(first)(**{f.name: torch.cat([getattr(s, f.name) for s in samples]) for f in fields(first)})


def _other_side(masks: ClassMasks) -> ClassMasks:
    table = torch.arange(256)
    for left, right in SIDES:
        table[left], table[right] = right, left
    return table.to(masks.device)[masks.clamp(0, 255)]
