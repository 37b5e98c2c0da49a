"""What all `latentlab batch` commands have in common: their flags, their progress, and how they end."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from latentlab.cli.command import Command, count
from latentlab.core.ranges import Between, FaceNumber, Workers

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.studio import Batch, Summary
    from latentlab.studio import Look as Sight

MANIFEST = tyro.conf.arg(metavar="MANIFEST")
SOME_FAILED = 3
EVERY = 30.0
"""Seconds between two lines of progress where no bar can move."""


@dataclass(frozen=True)
class Running:
    """Flags of every batch."""

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("batch")
    """Where rows and pictures go: a new or empty folder, or with --resume one that holds this batch."""
    resume: bool = False
    """Go on with a batch that was interrupted; nothing that is finished is done again."""
    engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or a Ray cluster (RAY_ADDRESS, or this machine)."""
    workers: Annotated[Workers | None, tyro.conf.arg(metavar="N")] = None
    """Processes, or Ray's actors; if left out one for each core."""
    shard: Annotated[int, Between(1, 100_000), tyro.conf.arg(metavar="N")] = 256
    """Items in a shard: a worker that is killed loses at most so many."""
    pictures: Literal["tar", "files", "none"] = "tar"
    """WebDataset tar files, one file for each picture, or no pictures."""
    format: Literal["png", "jpg", "webp"] = "png"
    """Of the pictures; png alone carries recipes."""
    tries: Annotated[int, Between(1, 20), tyro.conf.arg(metavar="N")] = 3
    """How often a file is read that its store does not give."""


@dataclass(frozen=True)
class Sought:
    """Flags of every batch of photos."""

    aligned: bool = False
    """The photos are aligned faces: no face is sought, the central square is taken."""
    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    profile: bool = False
    """Also accept faces seen from the side."""
    glance: Annotated[int, Between(0, 4096), tyro.conf.arg(metavar="PIXELS")] = 640
    """Faces are sought on a copy of at most so many pixels first; 0 searches as thoroughly as 'invert' does."""

    def look(self) -> Sight:
        """As a value."""
        from latentlab.studio import Look as Sight

        return Sight(self.aligned, self.face, self.profile, self.glance)


class Batched(Command):
    """What the commands of all tasks have in common."""

    manifest: str
    running: Running
    verb: ClassVar[str] = "doing"
    unit: ClassVar[str] = "photos"

    @abstractmethod
    def task(self, session: Session) -> Any:
        """What is done to each item."""

    def request(self, session: Session) -> Batch:
        """The flags as a request."""
        from latentlab.studio import Batch

        own = self.running
        return Batch(
            self.task(session), self.manifest, own.out, own.engine, own.workers, own.shard, own.pictures, own.format,
            own.tries, own.resume,
        )  # fmt: skip

    def run(self, session: Session) -> int:
        if not self.manifest:
            from latentlab.core.errors import BadInput

            raise BadInput(f"which {self.unit}? for example: {self.examples[0]}")
        opened = session.studio.open_batch(self.request(session))
        for note in opened.notes():
            session.note(note)
        with session.progress(self.verb, opened.left, self.unit) as watch:
            try:
                summary = opened.run(watch if session.live else Lines(session.note, opened.left, self.unit))
            except KeyboardInterrupt:
                raise KeyboardInterrupt("finished shards are kept, go on with --resume") from None
        self._tell(session, summary)
        return SOME_FAILED if summary.failed else 0

    def _tell(self, session: Session, summary: Summary) -> None:
        rate = f" ({summary.rate:.1f} {self.unit}/s)" if summary.items > summary.kept and summary.rate else ""
        kept = f", {summary.kept} were there already" if summary.kept else ""
        failed = f"; {summary.words}" if summary.failed else ""
        session.answer(
            f"{summary.ok} of {count(summary.items, 'item')} in {self.running.out}{kept}{rate}{failed}",
            out=str(self.running.out), items=summary.items, ok=summary.ok, failed=dict(summary.failed),
            kept=summary.kept, seconds=round(summary.seconds, 2),
        )  # fmt: skip


@dataclass(frozen=True)
class OverPhotos(Batched):
    """What the commands of tasks over photos have in common."""

    manifest: Annotated[tyro.conf.Positional[str], MANIFEST] = ""
    """A folder, a glob, or a table .parquet or .csv with the columns id and path."""


class Lines:
    """A watch for logs: a line now and then, with rate and time left."""

    def __init__(self, say: Callable[[str], None], total: int, unit: str) -> None:
        self.say, self.total, self.unit = say, total, unit
        self.began = self.last = time.monotonic()

    def __call__(self, done: float, text: str = "", image: object = None) -> None:
        now = time.monotonic()
        if now - self.last < EVERY or not done:
            return
        self.last = now
        rate, left = done * self.total / (now - self.began), (1 - done) * (now - self.began) / done
        self.say(f"{text}, {rate:.1f} {self.unit}/s, {_clock(left)} left")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
