"""`latentlab align`: photos to aligned faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import FaceNumber, Pixels

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.studio import AlignedFace


@dataclass(frozen=True)
class Align(Command):
    """Find faces in photos and cut them out as FFHQ does.

    Writes NAME.png and NAME.crop.json, which undoes the crop. A photo without a face does not stop the rest. (The
    landmark model's training data excludes commercial use.)
    """

    photos: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO...")] = ()
    """Photos; any orientation, colour space and size."""
    size: Pixels = 256
    """Side of the aligned pictures in pixels."""
    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    all: bool = False
    """Every face of each photo."""
    profile: bool = False
    """Also accept faces seen from the side."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("aligned")
    """Where the faces go."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab align holiday.jpg --all",
        "latentlab align *.jpg --size 512 --out faces",
    )

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio import Align as Request
        from latentlab.studio import writable

        if not self.photos:
            raise BadInput("which photos? for example: latentlab align photo.jpg")
        request = Request(self.size, self.face, self.all, self.profile)
        writable(self.out)
        taken: set[str] = set()
        with session.progress("aligning", len(self.photos), "photos") as watch:
            for number, photo in enumerate(self.photos, 1):
                with session.step(photo):
                    for found in session.studio.aligned(photo, request):
                        self._save(session, photo, found, taken)
                watch(number / len(self.photos), photo.name)
        return session.exit_code

    def _save(self, session: Session, photo: Path, found: AlignedFace, taken: set[str]) -> None:
        from dataclasses import replace

        name, number = found.name, 2
        while name in taken:  # two photos of one name in different folders
            name, number = f"{found.name}_{number}", number + 1
        taken.add(name)
        path = replace(found, name=name).save(self.out)
        for note in found.face.notes:
            session.note(f"{photo}: {note}")
        session.answer(
            f"{photo} → {path}", photo=str(photo), face=str(path), faces=found.face.count, crop=found.face.crop.to_json(),
            notes=found.face.notes,
        )  # fmt: skip
