"""`latentlab makeup`: makeup from a reference or by colour, put on or taken off."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from latentlab.cli.application import Where, need
from latentlab.cli.clips import film
from latentlab.cli.command import Command
from latentlab.core.ranges import Share

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Colour = Annotated[str, tyro.conf.arg(metavar="COLOUR")]


@dataclass(frozen=True)
class Paint:
    """Flags that say which makeup."""

    remove: bool = False
    """Take makeup off."""
    regions: Annotated[str, tyro.conf.arg(metavar="LIST")] = ""
    """lips, lids, liner (eyes: both), blush, skin, joined by commas; all of them if left out."""
    strength: Share = 1.0
    """How much of the change is made, 0 to 1."""
    lips: Colour = ""
    """Lipstick, for example #a01030."""
    lids: Colour = ""
    """Eye shadow."""
    liner: Colour = ""
    """Eye liner."""
    blush: Colour = ""
    """Blush."""
    skin: Colour = ""
    """Foundation."""

    def fields(self) -> dict[str, Any]:
        """Those of the request."""
        colours = {name: getattr(self, name) for name in ("lips", "lids", "liner", "blush", "skin")}
        return {
            "colours": {name: colour for name, colour in colours.items() if colour},
            "remove": self.remove,
            "regions": tuple(word.strip() for word in self.regions.split(",") if word.strip()),
            "strength": self.strength,
        }


@dataclass(frozen=True)
class Makeup(Command):
    """Give a face the makeup of a reference photo, a colour by name of region, or none at all.

    Colours go from region to region through landmarks, at the photo's own resolution; light, pores and hairs stay.
    """

    photo: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FACE")] = ""
    """A photo, a face of the lab, or a clip."""
    reference: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="REFERENCE")] = ""
    """Whose makeup: a photo, or a face of the lab."""
    paint: tyro.conf.OmitArgPrefixes[Paint] = field(default_factory=Paint)
    aligned: bool = False
    """Give the aligned face alone, not the photo with it."""
    where: tyro.conf.OmitArgPrefixes[Where] = field(default_factory=Where)

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab makeup photo.jpg reference.jpg",
        "latentlab makeup photo.jpg reference.jpg --regions lips,eyes --strength .7",
        "latentlab makeup photo.jpg --lips '#a01030' -o red.png",
        "latentlab makeup photo.jpg --remove",
        "latentlab makeup clip.mp4 reference.jpg -o made_up.mp4",
    )

    def run(self, session: Session) -> int:
        from latentlab.studio import EditClip, is_clip
        from latentlab.studio import Makeup as Request

        need(self.photo, "makeup", " reference.jpg")
        with session.progress("makeup") as watch:
            if is_clip(self.photo):
                asked = EditClip(Request(**self.paint.fields()), self.where.face)
                out = self.where.clip_out(aligned=self.aligned)
                film(session, Path(self.photo), asked, out, watch, self.reference or None)
                return session.exit_code
            opened = session.studio.open_makeup(
                self.photo, self.reference or None, **self.paint.fields(), aligned=self.aligned, **self.where.choice(),
            )  # fmt: skip
            return self.where.save(session, opened, watch)
