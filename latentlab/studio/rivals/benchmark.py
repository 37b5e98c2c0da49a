"""The benchmark of all methods: tasks with true answers, every method that can do them, figures with intervals."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.core.errors import LatentLabError, unknown
from latentlab.core.files import atomic
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.rivals import CONTESTANTS
from latentlab.studio.rivals.apply import heated
from latentlab.studio.rivals.cases import Cases, render_cases, shipped_cases
from latentlab.studio.rivals.contestant import Contestant
from latentlab.studio.rivals.figures import FIGURES, Measured, Measures
from latentlab.studio.rivals.photographs import PHOTOGRAPHED, as_asked, photo_cases
from latentlab.studio.shelf.companions import find_distance
from latentlab.world.tasks import TASKS

SHOWN = 4
"""Faces of a task on the page."""
FLOOR = "nothing"


@dataclass(frozen=True)
class Benchmark:
    """What is compared, on how many faces."""

    tasks: tuple[str, ...] = tuple(TASKS)
    faces: int = 200
    """Test faces a task, rendered."""
    quick: bool = False
    """The faces that ship instead: fewer, and no face model needed."""
    methods: tuple[str, ...] = ()
    """Names of `CONTESTANTS` and of shipped baselines; empty takes all that are not slow."""
    baselines: tuple[Path, ...] = ()
    """Files or folders of further trained baselines."""
    photos: tuple[Path, ...] = ()
    """Photographs (or folders of them) to show the methods on as well; judged by identity and by how far the target moved."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            if task not in TASKS:
                raise unknown("task", task, TASKS)


@dataclass(frozen=True, eq=False)
class Result:
    """One method on one task."""

    method: str
    measured: Measured
    seconds: float
    """For one face."""
    images: Images
    """The first few, edited."""
    heat: Images | None = None


@dataclass(frozen=True, eq=False)
class Standings:
    """Everything that was found."""

    request: Benchmark
    contestants: Mapping[str, Contestant]
    cases: Mapping[str, Cases]
    results: Mapping[str, Sequence[Result]]
    """By task."""
    photos: Mapping[str, Sequence[Result]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data: every figure with its interval, and its paired gain over doing nothing."""
        rows = []
        for task, results in self.results.items():
            floor = next((r.measured for r in results if r.method == FLOOR), None)
            rows += [{"task": task, "n": len(self.cases[task]), **self._row(one, floor)} for one in results]
        methods = {
            name: {"title": who.title, "parameters": who.parameters, "training": dict(who.training)}
            for name, who in self.contestants.items()
        }
        return {"methods": methods, "results": rows, "photos": self._photo_rows()}

    def save(self, path: Path) -> Path:
        """The page, and beside it the same as JSON."""
        from latentlab.studio.rivals.page import page

        with atomic(path) as draft:
            draft.write_text(page(self), encoding="utf-8")
        with atomic(path.with_suffix(".json")) as draft:
            draft.write_text(json.dumps(self.as_json(), indent=1, default=str) + "\n", encoding="utf-8")
        return path

    def _row(self, one: Result, floor: Measured | None) -> dict[str, Any]:
        row: dict[str, Any] = {
            "method": one.method,
            "seconds": one.seconds,
            "frechet": _plain(one.measured.frechet),
        }
        for name in FIGURES:
            row[name] = [_plain(v) for v in one.measured.interval(name)]
            if floor is not None and one.method != FLOOR:
                row[f"{name}_gain"] = [_plain(v) for v in one.measured.gain(floor, name)]
        return row

    def _photo_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "task": task,
                "method": one.method,
                **{name: [_plain(v) for v in one.measured.interval(name)] for name in ("source", "moved")},
            }
            for task, results in self.photos.items()
            for one in results
        ]


def compare(lab: Lab, request: Benchmark, watch: Watch | None = None) -> Standings:
    """Run every method that can do each task; one that fails is told in a warning and left out there."""
    tell = lab.tell(watch)
    contestants = find_contestants(lab, request)
    measures = Measures(find_distance(lab))
    cases, results, photos = {}, {}, {}
    pictured = photo_cases(request.photos) if request.photos else None
    for number, task in enumerate(request.tasks):
        tell(number / len(request.tasks), f"{task}: faces")
        cases[task] = shipped_cases(task) if request.quick else render_cases(task, request.faces)
        able = {name: who for name, who in contestants.items() if who.can(task)}
        results[task] = [
            r for name, who in able.items() if (r := _run(name, who, cases[task], measures)) is not None
        ]
        if pictured is not None and task in PHOTOGRAPHED:
            asked = as_asked(task, pictured, cases[task], measures.judge)
            found = [_run(name, who, asked, measures) for name, who in able.items() if name != FLOOR]
            photos[task] = [r for r in found if r is not None]
    tell(1.0, "done")
    return Standings(request, contestants, cases, results, photos)


def find_contestants(lab: Lab, request: Benchmark) -> dict[str, Contestant]:
    """Those asked for; without names every one that is at hand."""
    from latentlab.baselines.files import find, shipped
    from latentlab.studio.rivals.baseline import Rival

    files = shipped()
    wanted = request.methods or (*(name for name in CONTESTANTS if not CONTESTANTS[name].slow), *files)
    found: dict[str, Contestant] = {}
    for name in dict.fromkeys((FLOOR, *wanted)):
        if name in CONTESTANTS:
            found[name] = CONTESTANTS[name](lab)
        elif name in files:
            found[name] = Rival(lab, files[name])
        else:
            raise unknown("method", name, (*CONTESTANTS, *files))
    for path in request.baselines:
        rival = Rival(lab, find(path))
        name = rival.trained.name
        found[name if name not in found else f"{name} ({Path(path).stem})"] = rival
    return found


def _run(name: str, who: Contestant, cases: Cases, measures: Measures) -> Result | None:
    started = time.monotonic()
    try:
        edited: Tensor = who.edit(cases)
    except LatentLabError as error:
        warnings.warn(f"{name} is left out of {cases.task}: {error}", stacklevel=3)
        return None
    seconds = (time.monotonic() - started) / len(cases)
    heat = who.heat(cases.some(SHOWN))
    maps = None if heat is None else heated(cases.before[:SHOWN], heat)
    return Result(name, measures(cases, edited), seconds, edited[:SHOWN], maps)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
