"""A task of a batch over photos in memory: what a service answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from latentlab.core.errors import LatentLabError
from latentlab.studio.batch.look import Unexpected
from latentlab.studio.batch.tasks.task import Item, OpenTask, Outcome, Task
from latentlab.studio.batch.worker import made
from latentlab.studio.lab import Lab


@dataclass(eq=False)
class Answering:
    """A task, opened once; `answer` is not for several threads at a time."""

    studio: Lab
    task: Task

    @cached_property
    def opened(self) -> OpenTask:
        """With all that it needs loaded."""
        return self.task.open(self.studio)

    def answer(self, photos: Sequence[tuple[str, bytes]]) -> list[Outcome]:
        """What came of each photo (a name and the bytes of its file), made in one call; one spoils no other."""
        opened = self.opened
        seen = [self._see(name, content) for name, content in photos]
        outcomes = iter(made(opened, [one for one in seen if isinstance(one, Item)]))
        return [next(outcomes) if isinstance(one, Item) else one for one in seen]

    def _see(self, name: str, content: bytes) -> Item | LatentLabError:
        try:
            return self.task.sight.see(name, content, self.opened.size, name)
        except LatentLabError as error:
            return error
        except (MemoryError, RuntimeError, ValueError, OSError, ArithmeticError) as error:
            return Unexpected(f"something went wrong with this photo ({type(error).__name__})")
