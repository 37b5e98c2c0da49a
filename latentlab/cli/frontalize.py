"""`latentlab frontalize`: a turned head brought to the front."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.application import Where, need
from latentlab.cli.clips import film
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
    """A photo, a face of the lab, or a clip."""
    paste_back: bool = False
    """Put the turned head back into its photo, in the photo's own tilt; of clips it always is."""
    where: tyro.conf.OmitArgPrefixes[Where] = field(default_factory=Where)

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab frontalize photo.jpg -o front.png",
        "latentlab frontalize clip.mp4 -o front.mp4",
    )

    def run(self, session: Session) -> int:
        from latentlab.studio import EditClip, is_clip
        from latentlab.studio import Frontalize as Request

        need(self.photo, "frontalize")
        with session.progress("turning") as watch:
            if is_clip(self.photo):
                asked = EditClip(Request(paste_back=True), self.where.face)
                film(session, Path(self.photo), asked, self.where.clip_out(), watch)
                return session.exit_code
            opened = session.studio.open_frontalize(
                self.photo, paste_back=self.paste_back, **self.where.choice()
            )
            return self.where.save(session, opened, watch)
