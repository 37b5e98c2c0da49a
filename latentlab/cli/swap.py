"""`latentlab swap`: a target's photo with a source's identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.application import Where
from latentlab.cli.clips import film
from latentlab.cli.command import Command
from latentlab.core.ranges import Share

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Swap(Command):
    """Give the face of TARGET the identity of SOURCE; pose, expression, light, hair and background stay the target's.

    For people who agreed to it: the picture says in its metadata that it was made so. --face and --like choose among several
    faces of the target.
    """

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCE")] = ""
    """Whose identity: a photo, or a face of the lab."""
    target: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="TARGET")] = ""
    """Whose photo, or clip."""
    by: Literal["detail", "latent"] = "detail"
    """The source's own detail where the latent says that its features go, or the latent's picture alone."""
    strength: Share = 1.0
    """How far the face's proportions go towards the source's, 0 to 1."""
    skin: Share = 0.0
    """How much of the source's skin tone is taken; neck and ears stay the target's."""
    train: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Teach the network the source by photos of him or her first (minutes, once)."""
    mask: bool = False
    """Write beside the picture where the face was exchanged."""
    aligned: bool = False
    """Give the aligned face alone, not the photo with it."""
    where: tyro.conf.OmitArgPrefixes[Where] = field(default_factory=Where)

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab swap anna.jpg group.jpg --face 2 -o swapped.png",
        "latentlab swap anna.jpg group.jpg --like berta.jpg --mask",
        "latentlab swap anna.jpg clip.mp4 -o swapped.mp4",
        "latentlab swap anna.jpg group.jpg --train photos-of-anna --by latent",
    )

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio import EditClip, is_clip
        from latentlab.studio import Swap as Request

        if not self.source or not self.target:
            raise BadInput("a swap takes two faces; for example: latentlab swap source.jpg target.jpg")
        with session.progress("swapping") as watch:
            person = None if self.train is None else session.studio.add_person(self.train, watch)
            if is_clip(self.target):
                wish = Request(self.by, self.strength, self.skin, person)
                out = self.where.clip_out(aligned=self.aligned, mask=self.mask)
                film(session, Path(self.target), EditClip(wish, self.where.face), out, watch, self.source)
                return session.exit_code
            opened = session.studio.open_swap(
                self.source, self.target, by=self.by, strength=self.strength, skin=self.skin, mask=self.mask, person=person,
                aligned=self.aligned, **self.where.choice(),
            )  # fmt: skip
            return self.where.save(session, opened, watch)
