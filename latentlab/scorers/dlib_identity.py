"""dlib's identity embedding as a scorer: the judge of identity that nothing here is trained against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from latentlab.core.scorer import Scorer
from latentlab.core.shapes import Images, Scores
from latentlab.faces.identity import embed

WIDTH = 128


@dataclass(frozen=True)
class DlibIdentity(Scorer):
    """128 numbers for each aligned face; Euclidean distances below about 0.6 mean the same person. Not differentiable."""

    strict: bool = True
    """NaN where no detector sees a face."""

    units: ClassVar[Mapping[str, str]] = {f"dlib_{place}": "embedding" for place in range(WIDTH)}
    names: ClassVar[tuple[str, ...]] = tuple(units)

    @property
    def hash(self) -> str:
        return hashlib.sha256(repr((type(self).__name__, 1, self.strict)).encode()).hexdigest()

    def __call__(self, images: Images) -> Scores:
        return embed(images, strict=self.strict)
