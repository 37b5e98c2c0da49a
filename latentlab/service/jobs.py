"""Slow work with an id: its state lies in a folder that all processes of a service see."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from latentlab.core.errors import LatentLabError
from latentlab.core.files import atomic, make_folder

ID = re.compile(r"[0-9a-f]{24}")
KEPT = 3600.0
"""Seconds for which a finished job can be asked for."""
EVERY = 0.25
"""Seconds between two reports of progress."""
OVER = ("done", "failed", "cancelled")


class NoJob(LatentLabError):
    """Nothing is known of this id."""


class Cancelled(Exception):
    """Somebody cancelled the job that is running."""


@dataclass
class JobState:
    """How far a job is."""

    id: str
    kind: str
    state: str = "queued"
    """queued, running, done, failed or cancelled."""
    progress: float = 0.0
    text: str = ""
    error: str | None = None
    process: int = 0
    """That has it, on `machine`."""
    machine: str = ""
    result: dict[str, Any] | None = None


class Jobs:
    """All jobs of a service."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)

    def new(self, kind: str) -> JobState:
        """A job that waits; jobs that are long finished are forgotten."""
        self._sweep()
        state = JobState(secrets.token_hex(12), kind, process=os.getpid(), machine=platform.node())
        self.write(state)
        return state

    def write(self, state: JobState) -> None:
        """Let everybody see it."""
        with atomic(self._file(state.id), own=True) as temporary:
            temporary.write_text(json.dumps(asdict(state)))

    def read(self, name: str) -> JobState:
        """How far it is; NoJob where there is none."""
        try:
            state = JobState(**json.loads(self._file(name).read_text()))
        except (OSError, ValueError, TypeError):
            raise NoJob(f"there is no job '{name[:40]}'; finished ones are kept for an hour") from None
        here = state.machine == platform.node()
        if state.state not in OVER and here and not _lives(state.process):
            state.state, state.error = "failed", "the process that had it ended; ask for it again"
        elif state.state not in OVER and self.is_cancelled(name):
            state.text = "asked to stop"
        return state

    def cancel(self, name: str) -> JobState:
        """Ask it to stop; it does so at its next step."""
        if self.read(name).state not in OVER:
            self._mark(name).touch()
        return self.read(name)

    def is_cancelled(self, name: str) -> bool:
        """Whether somebody asked it to stop."""
        return self._mark(name).exists()

    def forget(self, name: str) -> None:
        """Remove all that is kept of it."""
        for path in (self._file(name), self._mark(name)):
            path.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        if not ID.fullmatch(name):
            raise NoJob(f"there is no job '{name[:40]}'; ids have 24 hexadecimal digits")
        return self.folder / f"{name}.json"

    def _mark(self, name: str) -> Path:
        return self._file(name).with_suffix(".cancel")

    def _sweep(self) -> None:
        for path in self.folder.glob("*.json"):
            with suppress(OSError, LatentLabError):
                if time.time() - path.stat().st_mtime > KEPT and self.read(path.stem).state in OVER:
                    self.forget(path.stem)


class Progress:
    """The watch of a running job: reports now and then, lets quick requests in, stops when it is cancelled."""

    def __init__(self, jobs: Jobs, state: JobState, let_in: Any) -> None:
        self.jobs, self.state, self.let_in, self.last = jobs, state, let_in, 0.0

    def __call__(self, done: float, text: str = "", image: object = None) -> None:
        self.let_in()
        now = time.monotonic()
        if now - self.last < EVERY:
            return
        self.last = now
        if self.jobs.is_cancelled(self.state.id):
            raise Cancelled
        self.state.progress, self.state.text = min(max(done, 0.0), 1.0), text or self.state.text
        self.jobs.write(self.state)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True
