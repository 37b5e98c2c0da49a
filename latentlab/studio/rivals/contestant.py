"""Whoever takes part in the benchmark: does a task to faces, and says what it cost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.studio.lab import Lab
from latentlab.studio.rivals.cases import Cases


class Contestant(ABC):
    """Made with the lab it may borrow networks from; a new one is a file and a line of `CONTESTANTS`."""

    title: str = ""
    """Who published it."""
    parameters: int = 0
    """Weights that an edit uses."""
    slow: ClassVar[bool] = False
    """Whether it takes part only where it is named."""
    training: Mapping[str, Any] = {}
    """Images and seconds of its training, where known."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    @abstractmethod
    def can(self, task: str) -> bool:
        """Whether it can do a task (see `world.tasks`)."""

    @abstractmethod
    def edit(self, cases: Cases) -> Images:
        """The faces after the edit, [n 3 s s] of any size; it may not look at the truth."""

    def heat(self, cases: Cases) -> Tensor | None:
        """Where it looks, [n 1 h w], if it can say."""
        return None


class Nothing(Contestant):
    """The floor: the face as it was."""

    title = "nothing done"

    def can(self, task: str) -> bool:
        return True

    def edit(self, cases: Cases) -> Images:
        return cases.before
