"""Where a style that is being learned lies until it is done, so that the same call goes on after an interruption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn
from torch.optim import Optimizer

from latentlab.core.errors import BadFile
from latentlab.training.checkpoint import Checkpoint, collect, restore

PART = "style"


@dataclass(frozen=True)
class Unfinished:
    """One file: the child, its optimizer, and how many steps were done."""

    path: Path
    task: str
    """What is learned, in words or as a hash: what was left of another task is not gone on with."""
    every: int = 20
    """Steps between two writes."""

    def resume(self, child: nn.Module, optimizer: Optimizer) -> int:
        """Put back what was left; the number of steps that were done, 0 if there is nothing to go on with."""
        if not self.path.is_file():
            return 0
        try:
            left = Checkpoint.load(self.path)
        except BadFile:  # damaged: learned anew
            return 0
        step = left.story.get("step")
        if left.story.get("task") != self.task or not isinstance(step, int):
            return 0
        restore(left, {PART: child}, {PART: optimizer}, self.path)
        return step

    def keep(self, child: nn.Module, optimizer: Optimizer, step: int) -> None:
        """Write the state after so many steps, whole or not at all, where it is time."""
        if step % self.every == 0:
            tensors, groups = collect({PART: child}, {PART: optimizer})
            Checkpoint(tensors, {"task": self.task, "step": step, "optimizers": groups}).save(self.path)

    def drop(self) -> None:
        """The task is done."""
        self.path.unlink(missing_ok=True)
