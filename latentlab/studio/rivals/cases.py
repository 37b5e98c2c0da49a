"""The test faces of the benchmark: a face, what is wished for, and the true answer; rendered, or from the set that ships."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from latentlab.core.errors import BadFile, BadInput, MissingPart, unknown
from latentlab.core.files import atomic
from latentlab.core.image import decode_picture, from_pixels, to_picture
from latentlab.core.shapes import Images
from latentlab.store.home import assets_folder
from latentlab.world.tasks import TASKS, TaskPair, as_person, at_rest, task_pairs

TEST_SEED = 990_301
"""Nobody trains on these faces."""
SIZE = 128
QUICK = 24
"""Faces a task in the set that ships."""
FOLDER = "benchmark"
REFERRED = ("makeup", "identity")
"""Tasks that show a second face."""


@dataclass(frozen=True, eq=False)
class Cases:
    """Faces of one task."""

    task: str
    before: Images
    """[n 3 s s]"""
    truth: Images | None
    """[n 3 s s]; None for photographs, which have none."""
    values: tuple[float, ...]
    """The wish of each, in its unit: years of the face afterwards, strength of a smile."""
    references: Images | None = None
    """Whose makeup, or as whom, was asked for, [n 3 s s]."""

    def __len__(self) -> int:
        return len(self.before)

    def one(self, number: int) -> Cases:
        """The face of this number alone, from 0 on."""
        if not 0 <= number < len(self):
            raise BadInput(f"there are {len(self)} faces of '{self.task}'; number {number} is none of them")
        place = slice(number, number + 1)
        cut = [None if x is None else x[place] for x in (self.truth, self.references)]
        return Cases(self.task, self.before[place], cut[0], self.values[place], cut[1])

    def some(self, count: int) -> Cases:
        """The first so many."""
        cut = [None if x is None else x[:count] for x in (self.truth, self.references)]
        return Cases(self.task, self.before[:count], cut[0], self.values[:count], cut[1])


def render_cases(task: str, n: int, size: int = SIZE) -> Cases:
    """Fresh test faces of a task; needs the face model."""
    from latentlab.world.render import load_renderer

    if n < 2:
        raise BadInput(f"{n} faces tell nothing; take at least 2")
    renderer = load_renderer()
    pairs = _pairs(task, n)
    before = renderer.render([pair.before for pair in pairs], size).images
    truth = renderer.render([pair.after for pair in pairs], size, style=pairs[0].style).images
    shown = [pair.reference for pair in pairs if pair.reference is not None]
    references = renderer.render(shown, size).images if task in REFERRED else None
    return Cases(task, before, truth, tuple(pair.value for pair in pairs), references)


def _pairs(task: str, n: int) -> list[TaskPair]:
    """Those of the world; who is swapped are the two people that deepfakes learns, in scenes that it never saw."""
    if task != "identity":
        return task_pairs(task, n, TEST_SEED)
    from latentlab.baselines.deepfakes import in_scene, people
    from latentlab.world.laws import draw_faces

    a, b = people()
    scenes = [in_scene(a, scene) for scene in draw_faces(n, "natural", TEST_SEED)]
    front = replace(at_rest(b), yaw=0.0, pitch=0.0, roll=0.0)
    return [TaskPair(scene, as_person(scene, b), reference=front) for scene in scenes]


def ship(cases: Cases, folder: Path) -> Path:
    """Write cases as one JPEG sheet, before, truth and reference in rows, with their values beside it."""
    rows = [cases.before, cases.truth, cases.references]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows if row is not None], dim=1)
    path = folder / f"{cases.task}.jpg"
    with atomic(path) as draft:
        to_picture(sheet).save(draft, format="JPEG", quality=92, subsampling=0)
    with atomic(path.with_suffix(".json")) as draft:
        draft.write_text(json.dumps({"task": cases.task, "values": cases.values}) + "\n")
    return path


def shipped_cases(task: str) -> Cases:
    """The test faces that come with the package."""
    if task not in TASKS:
        raise unknown("task", task, TASKS)
    path = assets_folder() / FOLDER / f"{task}.jpg"
    if not path.is_file():
        raise MissingPart(
            f"the test faces of '{task}' do not ship with this installation; render them: leave quick out"
        )
    try:
        values = tuple(float(value) for value in json.loads(path.with_suffix(".json").read_text())["values"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(f"cannot read {path.with_suffix('.json')}: {error}") from None
    rows = _tiles(path, len(values))
    return Cases(task, rows[0], rows[1], values, rows[2] if len(rows) > 2 else None)


def _tiles(path: Path, count: int) -> Sequence[Images]:
    pixels = from_pixels(np.asarray(decode_picture(path.read_bytes(), str(path)))[None])  # [1 3 h w]
    side = pixels.shape[-1] // count
    return [torch.cat(list(row.split(side, dim=3))) for row in pixels.split(side, dim=2)]
