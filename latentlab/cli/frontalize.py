"""`latentlab frontalize`: a turned head brought to the front."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.application import Where, need
from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Frontalize(Command):
    """Turn a face to the front: yaw, pitch and roll to 0, at the photo's own resolution.

    Its points are turned in space on a mean head, the picture follows them, and what was hidden is filled from the other
    side. Heads turned by more than about 45° are guesses.
    """

    photo: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FACE")] = ""
    """A photo, or a face of the lab."""
    paste_back: bool = False
    """Put the turned head back into its photo, in the photo's own tilt."""
    where: tyro.conf.OmitArgPrefixes[Where] = field(default_factory=Where)

    examples: ClassVar[tuple[str, ...]] = ("latentlab frontalize photo.jpg -o front.png",)

    def run(self, session: Session) -> int:
        need(self.photo, "frontalize")
        with session.progress("turning") as watch:
            opened = session.studio.open_frontalize(
                self.photo, paste_back=self.paste_back, **self.where.choice()
            )
            return self.where.save(session, opened, watch)
