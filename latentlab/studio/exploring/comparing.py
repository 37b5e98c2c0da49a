"""One face through the backbone's edit and every baseline at hand, with figures and, where it was rendered, the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL.Image import Image

from latentlab.core.errors import LatentLabError
from latentlab.core.image import to_picture
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.store.home import BASELINES_FOLDER
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.goals import reading_of
from latentlab.studio.exploring.readings import read_image, read_view
from latentlab.studio.exploring.view import View
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.studio.rivals.cases import Cases
    from latentlab.studio.rivals.figures import Measures

WAYS = {
    "network": ("the network's own picture", "none"),
    "flow": ("the photo moved by optical flow", "flow"),
    "learned": ("the photo moved by the learned transfer", "learned"),
}
SMALL = 0.05
"""Strengths below this are no wish."""


@dataclass(frozen=True, eq=False)
class Answer:
    """One way of doing it."""

    title: str
    picture: Image
    figures: str = ""
    """In words; empty for the face before and the truth."""


def compare_view(desk: Desk, view: View, watch: Watch = silent) -> list[Answer]:
    """The face before, the view's edit every way it can be made, and each baseline that grants what was asked."""
    face = desk.face(view)
    answers = [Answer("before", desk.before(view))]
    ways = list(WAYS.values()) if face.photo is not None else [WAYS["network"]]
    for number, (title, way) in enumerate(ways):
        watch(number / (len(ways) + 1), title)
        asked = replace(view, transfer=way)
        answers.append(
            Answer(title, desk.picture(asked).show(), read_view(desk, asked).sentence(view.strengths))
        )
    watch(len(ways) / (len(ways) + 1), "baselines")
    image = (face.image if face.photo is None else face.photo.face()).detach().cpu().float()
    return [*answers, *_baselines(desk, view, image)]


def _baselines(desk: Desk, view: View, image: Images) -> Iterator[Answer]:
    from latentlab.studio.rivals.apply import ApplyBaseline

    for name in baseline_names(desk.studio):
        wishes = wishes_of(desk, view)
        opened = None
        for wish, value in wishes.items():
            try:
                opened = desk.studio.open_baseline(ApplyBaseline(name, {wish: value}))
                break
            except LatentLabError:  # this one cannot do that
                continue
        if opened is None:
            continue
        after = opened.edit(image).images.detach().cpu().float()
        said = read_image(desk, view, to_picture(after[0])).sentence(view.strengths)
        yield Answer(opened.trained.method.title, to_picture(after[0]), said)


def wishes_of(desk: Desk, view: View) -> dict[str, float | None]:
    """A view's edit in the words of baselines, the largest first: an age afterwards, a smile, a turn to the front."""
    found: dict[str, float | None] = {}
    for name, value in sorted(view.strengths.items(), key=lambda item: -abs(item[1])):
        if name in {"age", "age_alone"} and abs(value) > SMALL:
            found["age"] = round(reading_of(desk, view, name) + value * desk.directions()[name].step)
        elif name == "smile" and abs(value) > SMALL:
            found["smile" if value > 0 else "neutral"] = None
        elif name == "yaw" and abs(value) > SMALL:
            found["frontal"] = None
    return found


def baseline_names(lab: Lab) -> list[str]:
    """Those that ship, and the files in the lab's `baselines`."""
    from latentlab.baselines.files import shipped

    return [*shipped(), *(str(path) for path in own_baselines(lab))]


def own_baselines(lab: Lab) -> list[Path]:
    """Trained baselines that were put on the shelf."""
    return sorted((Path(lab.home) / BASELINES_FOLDER).glob("*.safetensors"))


def compare_rendered(desk: Desk, task: str, number: int, watch: Watch = silent) -> list[Answer]:
    """A rendered face, its true answer, and every method that can do the task, measured against the truth."""
    from latentlab.studio.rivals.benchmark import Benchmark, find_contestants
    from latentlab.studio.rivals.cases import shipped_cases
    from latentlab.studio.rivals.figures import Measures
    from latentlab.studio.shelf.companions import find_distance

    case = shipped_cases(task).one(number)
    assert case.truth is not None, "cases that ship have an answer"
    measures = Measures(find_distance(desk.studio))
    who = find_contestants(desk.studio, Benchmark(baselines=tuple(own_baselines(desk.studio))))
    able = {name: one for name, one in who.items() if one.can(task) and name != "nothing"}
    answers = [Answer("before", to_picture(case.before[0])), Answer("the truth", to_picture(case.truth[0]))]
    nothing = _figures(measures, case, case.before)
    answers[0] = replace(answers[0], figures=nothing)
    for place, (name, one) in enumerate(able.items()):
        watch(place / len(able), name)
        with torch.no_grad():
            edited = one.edit(case).detach().cpu().float()
        answers.append(Answer(one.title, to_picture(edited[0]), _figures(measures, case, edited)))
    return answers


def _figures(measures: Measures, case: Cases, edited: Images) -> str:
    found = {name: float(value[0]) for name, value in measures.faces(case, edited).items()}
    parts = {
        "psnr": "{:.1f} dB from the truth", "target": "{:.2g} off the target", "kept": "the rest {:.2f} sd off",
        "identity": "identity {:.2f} from the truth",
    }  # fmt: skip
    return ", ".join(text.format(found[name]) for name, text in parts.items() if not math.isnan(found[name]))


def tasks() -> list[str]:
    """What rendered faces are there for."""
    from latentlab.world.tasks import TASKS

    return list(TASKS)
