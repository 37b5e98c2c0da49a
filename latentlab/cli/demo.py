"""`latentlab demo`: the main job, start to end, on a portrait."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Seconds

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Demo(Command):
    """Invert a portrait and edit it; print where the pictures are and what they measure.

    Without --photo it takes the portrait that ships with scikit-image.
    """

    photo: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Your own photo."""
    budget: Annotated[Seconds | None, tyro.conf.arg(metavar="SECONDS")] = None
    """What the inversion may take."""

    examples: ClassVar[tuple[str, ...]] = ("latentlab demo --photo me.jpg",)

    def run(self, session: Session) -> None:
        from time import perf_counter

        started = perf_counter()
        with session.progress("working") as watch:
            for shown in session.studio.demo(self.photo, self.budget, watch):
                session.answer(f"{shown.path}: {shown.words}", file=str(shown.path), words=shown.words)
        session.say(f"done in {perf_counter() - started:.0f} s; go on with: latentlab edit --help")
