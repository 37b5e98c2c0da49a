"""`latentlab demo`: the main job on a portrait, offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Demo(Command):
    """Align, invert and edit a portrait on the embedded network, without the internet.

    Takes the portrait that scikit-image ships, or a photo of your own, and says where the pictures are and what they
    measure. As long as no trained network ships, it aligns the photo and draws samples of a tiny network with random
    weights, and says so.
    """

    photo: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A photo of your own."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("demo")
    """Where the pictures go."""

    examples: ClassVar[tuple[str, ...]] = ("latentlab demo", "latentlab demo --photo me.jpg")

    def run(self, session: Session) -> None:
        from latentlab.studio.demo import demonstrate, has_default
        from latentlab.studio.picture import writable

        writable(self.out)
        if not has_default():
            session.note(
                "no trained network ships with this version: the samples below are of random weights"
            )
        with session.progress("demo") as watch:
            for made in demonstrate(session.studio, self.out, self.photo, watch):
                session.emit(what=made.what, picture=str(made.path), measured=made.measured)
                session.say(f"{made.what}: {made.path}" + (f"  ({made.measured})" if made.measured else ""))
