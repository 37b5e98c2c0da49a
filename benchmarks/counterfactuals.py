"""What can be changed about a rendered face, who it is tried on, and the true picture after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from subjects import HELD_OUT_SEED, SIZE
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.studio.parts import HAIR_COLOURS, LIPSTICKS, SHADOWS, Face, draw_faces


@dataclass(frozen=True)
class Task:
    """One wish: the attribute, what it does to a record, and on whom."""

    name: str
    attribute: str
    """As the scorers call it."""
    change: Callable[[Face], Face]
    fits: Callable[[Face], bool]
    direction: str = ""
    """Of the library; empty: as the attribute is called."""


def _plus(factor: str, step: float) -> Callable[[Face], Face]:
    return lambda face: replace(face, **{factor: getattr(face, factor) + step})


def _to(**values: object) -> Callable[[Face], Face]:
    return lambda face: replace(face, **values)  # type: ignore[arg-type]


def _turned(step: float) -> Callable[[Face], Face]:
    """Towards the front and beyond, so that nobody is seen from the side."""
    return lambda face: replace(face, yaw=face.yaw + (step if face.yaw < 0 else -step))


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("age+20", "age", _plus("age", 20), lambda face: face.age <= 65),
        Task("age-20", "age", _plus("age", -20), lambda face: face.age >= 35),
        Task("yaw15", "yaw", _turned(15), lambda face: abs(face.yaw) < 30),
        Task("yaw30", "yaw", _turned(30), lambda face: abs(face.yaw) < 30),
        Task("smile", "smile", _to(smile=0.7), lambda face: face.smile < 0.1),
        Task("mouth_open", "mouth_open", _to(mouth_open=0.5), lambda face: face.mouth_open < 0.05),
        Task("blink", "blink", _to(blink=0.7), lambda face: face.blink < 0.1),
        Task(
            "lipstick", "lip_redness", _to(lipstick=0.9, lipstick_colour=LIPSTICKS[0]),
            lambda face: face.lipstick < 0.05, "lipstick",
        ),
        Task(
            "eye_shadow", "eye_shadow", _to(eye_shadow=0.8, eye_shadow_colour=SHADOWS[1]),
            lambda face: face.eye_shadow < 0.05,
        ),
        Task("glasses", "glasses", _to(glasses="rectangular"), lambda face: face.glasses == "none"),
        Task(
            "beard", "beard", _to(beard_style="full"),
            lambda face: face.beard_style == "none" and face.presentation > 0.2 and face.age > 20,
        ),
        Task(
            "hair_colour", "hair_lightness", _to(hair_colour=HAIR_COLOURS[6]),
            lambda face: max(face.hair_colour) < 0.35 and face.age < 45 and face.hair_style not in ("bald", "buzz"),
            "hair",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Case:
    """One face of a task."""

    number: int
    before: Face
    after: Face
    start: Images
    """[1 3 s s]."""
    truth: Images

    def wished(self, attribute: str) -> float:
        """By how much the attribute changes, in the scorers' unit."""
        from latentlab.studio.parts import NAMES, targets_of

        change: Tensor = (targets_of([self.after]) - targets_of([self.before]))[0]
        return float(change[NAMES.index(attribute)])


def cases(task: Task, count: int, size: int = SIZE) -> Iterator[Case]:
    """The first so many held-out faces that the task fits; every task begins at a face of its own."""
    from latentlab.studio.parts import load_renderer

    renderer, found, number = load_renderer(), 0, 40 * list(TASKS).index(task.name)
    while found < count:
        face = draw_faces(1, "natural", HELD_OUT_SEED, number)[0]
        number += 1
        if not task.fits(face):
            continue
        later = task.change(face)
        start, truth = renderer.render([face, later], size).images.split(1)
        yield Case(number - 1, face, later, start, truth)
        found += 1
