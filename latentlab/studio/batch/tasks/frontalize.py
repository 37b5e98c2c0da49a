"""Photos to faces from the front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from latentlab.core.errors import BadInput
from latentlab.studio.applications.frontalize import Frontalize, OpenFrontalize, open_frontalize
from latentlab.studio.batch.look import Look
from latentlab.studio.batch.tasks.faces import check_choice
from latentlab.studio.batch.tasks.seated import Seated, as_single
from latentlab.studio.batch.tasks.task import OpenTask, Task
from latentlab.studio.lab import Lab


@dataclass(frozen=True)
class FrontalizePhotos(Task):
    """Every head turned to the front."""

    request: Frontalize = field(default_factory=Frontalize)
    look: Look = field(default_factory=Look)

    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_choice(self.request.choice)
        if self.request.paste_back and self.look.aligned:
            raise BadInput(
                "aligned faces have no photo to be put back into; leave `paste_back` or `aligned` out"
            )

    def open(self, studio: Lab) -> OpenTask:
        request = as_single(self.request, self.look)
        return Seated(
            studio, self.look, lambda face, given: open_frontalize(studio, request, face, given), turn
        )


def turn(opened: OpenFrontalize) -> Mapping[str, float]:
    """By how many degrees the head was turned."""
    return {"yaw": float(opened.turned.pose.yaw[0]), "pitch": float(opened.turned.pose.pitch[0])}
