"""Several data sources shown together, each with its share; sample k always comes from the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.image import resized
from latentlab.data.batches import as_images
from latentlab.training.ahead import Source
from latentlab.training.draws import seed_of


@dataclass(frozen=True, eq=False)
class Mixture:
    """A training source over others; images come as floats, at one size."""

    sources: Sequence[Source]
    shares: Sequence[float]
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if (
            not self.sources
            or len(self.sources) != len(self.shares)
            or min(self.shares) < 0
            or sum(self.shares) <= 0
        ):
            raise BadInput(
                f"{len(self.sources)} sources need as many shares, none negative, not {list(self.shares)}"
            )

    @property
    def fingerprint(self) -> str:
        """What the images are."""
        named = [getattr(source, "fingerprint", type(source).__name__) for source in self.sources]
        return "; ".join(f"{share:g} of {name}" for share, name in zip(self.shares, named, strict=True))

    def __call__(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """{"images": [n 3 size size] in [-1, 1]}"""
        chosen = [self._which(number) for number in numbers]
        images: list[Tensor | None] = [None] * len(numbers)
        for index, source in enumerate(self.sources):
            places = [place for place, one in enumerate(chosen) if one == index]
            if not places:
                continue
            batch = resized(
                as_images(source([numbers[place] for place in places]), torch.device("cpu")), self.size
            )
            for place, image in zip(places, batch, strict=True):
                images[place] = image
        return {"images": torch.stack([image for image in images if image is not None])}

    def _which(self, number: int) -> int:
        point = seed_of("mixture", self.seed, number) / 2**63 * sum(self.shares)
        for index, share in enumerate(self.shares):
            point -= share
            if point < 0:
                return index
        return len(self.shares) - 1
