"""One run of a command: the options of every command, its studio, and how it talks to the terminal."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from latentlab.cli.terminal import harmless, put, put_json
from latentlab.cli.words import in_flags

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.studio import Studio


@dataclass
class Session:
    """Handed to a command's `run`."""

    network: str = "auto"
    device: str = "auto"
    seed: int = 0
    home: str = "lab"
    json: bool = False
    quiet: bool = False
    method: Any = None
    command: str = "latentlab"
    """How complaints begin."""
    exit_code: int = 0
    """2 after a step that the user's input made impossible."""
    complaints: set[str] = field(default_factory=set)
    """What was said already."""

    @cached_property
    def studio(self) -> Studio:
        """Opened when it is first asked for."""
        from latentlab.studio import Studio

        _tune_allocator()
        return Studio(network=self.network, device=self.device, home=self.home, seed=self.seed)

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal, where a bar can move."""
        return sys.stderr.isatty()

    def __enter__(self) -> Session:
        self._show = warnings.showwarning
        warnings.showwarning = self._notice  # type: ignore[assignment]
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        warnings.showwarning = self._show

    def _notice(self, message: Warning | str, category: type[Warning], *place: object) -> None:
        if not self.quiet and issubclass(category, (UserWarning, RuntimeWarning)):
            self.note(f"note: {message}")

    def say(self, text: str) -> None:
        """A line for people: on stdout, unless that is kept for JSON."""
        if not self.json and not self.quiet:
            put(text)

    def answer(self, text: str, **values: object) -> None:
        """What was asked for: text for people, or the same as one line of JSON."""
        put_json(values) if self.json else put(text)

    def emit(self, **values: object) -> None:
        """One line of JSON, only with --json."""
        if self.json:
            put_json(values)

    def note(self, text: str) -> None:
        """A line about the run, fields named as flags: on stderr."""
        if not self.quiet:
            print(harmless(" ".join(in_flags(text).split())), file=sys.stderr, flush=True)

    @contextmanager
    def step(self, item: object) -> Iterator[None]:
        """One of several items: bad input is told in one line and does not stop the others."""
        from latentlab.core.errors import LatentLabError

        try:
            yield
        except LatentLabError as error:
            self.exit_code = 2
            told = in_flags(error)
            if told in self.complaints:  # true of every item, so said once
                return
            self.complaints.add(told)
            text = told if item is None or str(item) in told else f"{item}: {told}"
            print(f"{self.command}: {' '.join(text.split())}", file=sys.stderr, flush=True)

    @contextmanager
    def progress(self, title: str, total: int = 0, unit: str = "") -> Iterator[Watch]:
        """A bar with rate and ETA on stderr; yields the watch that moves it (share done, text)."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True, quiet=self.quiet)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}", style="dim"),
        )
        with Progress(
            *columns, console=console, transient=True, disable=self.quiet or not console.is_terminal
        ) as bars:
            task = bars.add_task(title, total=1.0, rate="", text="")

            def watch(done: float, text: str = "", image: object = None) -> None:
                elapsed = bars.tasks[0].elapsed or 0.0
                rate = f"{done * total / elapsed:.1f} {unit}/s" if total and elapsed > 0.1 else ""
                bars.update(task, completed=min(done, 1.0), rate=rate, text=text)

            yield watch


def _tune_allocator() -> None:
    """The command line has a process of its own, so it may choose how memory is kept; a library may not."""
    try:
        from latentlab.core.allocator import tune_allocator
    except ImportError:
        return
    tune_allocator()
