"""`latentlab align`: photos to aligned faces."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.studio.align import Aligning

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Align(Command):
    """Find faces in photos and cut them out as FFHQ does.

    Writes NAME.png and NAME.crop.json, which undoes the crop. A photo without a face does not stop the rest. (The
    landmark model's training data excludes commercial use.)
    """

    photos: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO...")] = ()
    """Photos; any orientation, colour space and size."""
    aligning: tyro.conf.OmitArgPrefixes[Aligning] = field(default_factory=Aligning)
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("aligned")
    """Where the faces go."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab align holiday.jpg --all",
        "latentlab align *.jpg --size 512 --out faces",
    )

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio.picture import writable

        if not self.photos:
            raise BadInput("which photos? for example: latentlab align photo.jpg")
        writable(self.out)
        taken: set[str] = set()
        with session.progress("aligning", len(self.photos), "photos") as watch:
            for number, photo in enumerate(self.photos, 1):
                with session.step(photo):
                    for found in self.aligning.faces(photo):
                        self._save(session, photo, found, taken)
                watch(number / len(self.photos), photo.name)
        return session.exit_code

    def _save(self, session: Session, photo: Path, found, taken: set[str]) -> None:  # type: ignore[no-untyped-def]
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
