"""What turns images into numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from latentlab.core.shapes import Images, Scores


class Scorer(ABC):
    """Named measurements of faces, each with a unit in words."""

    names: tuple[str, ...]
    """One for each column."""
    units: Mapping[str, str]
    """By name: "years", "degrees", "0..1", ..."""
    hash: str
    """Identity of the scorer: banks made with another one are another bank."""

    @abstractmethod
    def __call__(self, images: Images) -> Scores:
        """[n names]; NaN where a face cannot be measured. Differentiable only where the class says so."""
