"""What turns images into numbers: whatever has these names, units and hash is a scorer, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from latentlab.core.shapes import Images, Scores


class Scorer(Protocol):
    """Named measurements of faces, each with a unit in words.

    A class without fields of these names may inherit it; a dataclass whose fields they are only has to have them.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """One for each column."""

    @property
    def units(self) -> Mapping[str, str]:
        """By name: "years", "degrees", "0..1", ..."""

    @property
    def hash(self) -> str:
        """Identity of the scorer: banks made with another one are another bank."""

    def __call__(self, images: Images, /) -> Scores:
        """[n names]; NaN where a face cannot be measured. Differentiable only where the class says so."""
