"""One batch from its manifest to its summary; killed at any moment, it goes on where it was."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

from latentlab.core.engine import ENGINES, Engine, EngineName
from latentlab.core.engine.engine import WorkerDied
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.files import write_text
from latentlab.core.leftovers import sweep_folder
from latentlab.core.locks import held
from latentlab.core.made import MARK
from latentlab.core.ranges import Between, Workers, check
from latentlab.core.watch import Watch
from latentlab.studio.batch.folders import left_words
from latentlab.studio.batch.manifest import read_manifest
from latentlab.studio.batch.plan import SUMMARY, Plan, claim
from latentlab.studio.batch.shards import Counts, Format, Layout, Pictures, Row
from latentlab.studio.batch.tasks import TASKS
from latentlab.studio.batch.tasks.task import Task
from latentlab.studio.batch.weights import lent
from latentlab.studio.batch.worker import Job, OpenWorker
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.recipes.data import as_data

WEIGHTS = "weights.pt"


@dataclass(frozen=True)
class Batch:
    """What is done, to what, and where it goes."""

    task: Task
    manifest: str
    """A folder, a glob, a table .parquet or .csv with the columns id and path; of `render` seeds, or inversions."""
    out: Path
    engine: EngineName = "local"
    workers: Workers | None = None
    """Processes, or Ray's actors; None is one for each core."""
    shard: Annotated[int, Between(1, 100_000)] = 256
    """Items in a shard: what is lost when a worker is killed."""
    pictures: Pictures = "tar"
    format: Format = "png"
    tries: Annotated[int, Between(1, 20)] = 3
    """So often is a file read that a store does not give."""
    resume: bool = False
    """Go on with what `out` holds."""

    def __post_init__(self) -> None:
        check(self)
        for name, value, known in (
            ("engine", self.engine, tuple(ENGINES)),
            ("pictures", self.pictures, ("tar", "files", "none")),
            ("format", self.format, ("png", "jpg", "webp")),
        ):
            if value not in known:
                raise BadInput(f"`{name}` is '{value}'; write {', '.join(known)}")
        if not str(self.manifest):
            raise BadInput(
                "no manifest was given; name a folder of photos, a glob, or a table .parquet or .csv"
            )


@dataclass(frozen=True)
class Summary:
    """What a batch came to."""

    items: int
    ok: int
    failed: Mapping[str, int] = field(default_factory=dict)
    """By kind of trouble."""
    kept: int = 0
    """Finished before this run."""
    seconds: float = 0.0
    """Of this run."""
    out: str = ""

    @property
    def rate(self) -> float:
        """Items a second in this run."""
        return (self.items - self.kept) / self.seconds if self.seconds > 0 else 0.0

    @property
    def words(self) -> str:
        """The failures, `3 failed (2 no face, …)`."""
        return Counts(self.ok, self.failed).words


@dataclass(frozen=True, eq=False)
class OpenBatch:
    """A batch that is known to be possible; nothing of it is done."""

    studio: Lab
    request: Batch
    plan: Plan
    layout: Layout
    finished: Mapping[int, Counts]
    """Shards that are there, by number."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Pictures below the manifest's folder that latentlab itself made, by the folder that they lie in."""

    @property
    def left(self) -> int:
        """Items that are not done."""
        return self.plan.items - sum(counts.rows for counts in self.finished.values())

    def notes(self) -> list[str]:
        """What the user should hear."""
        return [words] if (words := left_words(self.left_out)) else []

    def run(self, watch: Watch | None = None, engine: Engine | None = None) -> Summary:
        """Do what is left; `engine` replaces the one that the request names."""
        began, total = time.monotonic(), sum(self.finished.values(), Counts())
        kept = total.rows
        with held(self.request.out, f"the batch {self.request.out}"):
            sweep_folder(self.request.out)
            for counts in self._work(engine):
                total = total + counts
                self.studio.tell(watch)(
                    (total.rows - kept) / max(self.plan.items - kept, 1), f"{total.rows} of {self.plan.items} {total.words}".strip()
                )  # fmt: skip
            summary = Summary(
                self.plan.items, total.ok, total.failed, kept, time.monotonic() - began, str(self.request.out)
            )
            told = {"about": MARK, **asdict(summary), "out": self.request.out.name}
            write_text(self.request.out / SUMMARY, json.dumps(told, indent=1) + "\n", own=True)
        return summary

    def _work(self, engine: Engine | None) -> Iterator[Counts]:
        jobs = [Job(number) for number in range(self.plan.shards) if number not in self.finished]
        if not jobs:
            return
        with lent(self.studio, self.layout.folder / WEIGHTS) as weights:
            chosen = engine or self._engine()
            worker = self._worker(None if self.request.engine == "ray" else weights)
            deadly: list[int] = []
            with closing(chosen.run(worker, jobs)) as results:  # type: ignore[type-var]
                for done in results:
                    if isinstance(done.error, WorkerDied):
                        deadly.append(jobs[done.number].shard)
                    elif done.error is not None:
                        raise done.error
                    else:
                        yield done.result
            for shard in deadly:
                yield self._one_by_one(shard, chosen, worker)

    def _one_by_one(self, shard: int, engine: Engine, worker: OpenWorker) -> Counts:
        """A shard with an item that kills its process: every item alone, the deadly one as a row."""
        items = self.plan.read(shard).to_pylist()
        jobs = [Job(shard, number) for number in range(len(items))]
        found: dict[int, tuple[Row, bytes]] = {}
        for done in engine.run(worker, jobs):
            if done.error is None:
                found[done.number] = done.result
            elif isinstance(done.error, WorkerDied):
                item = items[done.number]
                row = Row(item["id"], item.get("path", ""), "failed", done.error.kind, str(done.error))
                found[done.number] = row, b""
            else:
                raise done.error
        with self.layout.drawing(shard) as album:
            rows = [
                replace(row, picture=album.put(row.id, content))
                if content and self.request.pictures != "none"
                else row
                for row, content in (found[number] for number in range(len(items)))
            ]
        return self.layout.write_rows(shard, rows)

    def _engine(self) -> Engine:
        if self.request.engine == "ray":
            return ENGINES["ray"](self.request.workers)  # type: ignore[call-arg]
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return ENGINES["local"](self.request.workers or cores)  # type: ignore[call-arg]

    def _worker(self, weights: Path | None) -> OpenWorker:
        lab = self.studio
        return OpenWorker(
            str(lab.network), lab.device, str(lab.home), lab.seed, lab.assume_faces, self.request.task, self.plan,
            self.layout, self.request.tries, weights,
        )  # fmt: skip


def open_batch(studio: Lab, request: Batch) -> OpenBatch:
    """Check everything that can be checked, take the folder, and see what is done already."""
    writable(request.out)
    studio = request.task.place(studio)
    manifest = read_manifest(
        request.manifest, photos=request.task.photos, own=(Path(studio.home), request.out)
    )
    opened = request.task.open(studio)
    layout = Layout(
        request.out.absolute(), request.pictures if request.task.draws else "none", request.format
    )
    told = {
        "task": task_name(request.task),
        "asked": as_data(request.task),
        "ingredients": opened.ingredients(),
        "network": {"name": studio.name, "hash": studio.generator.hash},
        "pictures": layout.pictures,
        "format": layout.format,
        "seed": studio.seed,
    }
    plan = claim(layout.folder, manifest.items, told, request.shard, resume=request.resume)
    finished = {
        number: counts for number in range(plan.shards) if (counts := layout.counts(number)) is not None
    }
    return OpenBatch(studio, request, plan, layout, finished, manifest.left_out)


def task_name(task: Task) -> str:
    """By which the registry knows it."""
    where = f"{type(task).__module__}:{type(task).__name__}"
    found = next((name for name, place in TASKS.entries.items() if place == where), None)
    if found is None:
        raise LatentLabError(f"{type(task).__name__} is no registered task of a batch; add it to TASKS")
    return found
