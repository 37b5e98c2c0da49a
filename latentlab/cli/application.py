"""What the applications on photos share: which face, in what form it is handed back, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from latentlab.core.ranges import FaceNumber

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.core.watch import Watch


@dataclass(frozen=True)
class Where:
    """Which face of a photo, and where the picture goes."""

    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    like: Annotated[Path | None, tyro.conf.arg(metavar="PHOTO")] = None
    """Of several faces, the one most like the person in this photo."""
    profile: bool = False
    """Also accept faces seen from the side."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE|FOLDER", aliases=["-o"])] = Path()
    """Where the picture goes; it has the photo's name and what was done."""
    force: bool = False
    """Replace a file that latentlab did not make."""

    def choice(self) -> dict[str, Any]:
        """The fields of the request that say which face."""
        return {"face": self.face, "like": self.like, "profile": self.profile}

    def clip_out(self, *, aligned: bool = False, mask: bool = False) -> Path | None:
        """Where an edited clip goes; what only photos have is refused."""
        from latentlab.core.errors import BadInput

        only = {"like": self.like, "profile": self.profile, "aligned": aligned, "mask": mask}
        for name, asked in only.items():
            if asked:
                raise BadInput(f"`{name}` is for photos; of a clip choose the person with `face`")
        return self.out if str(self.out) != "." else None

    def save(self, session: Session, opened: Any, watch: Watch) -> int:
        """Draw what was opened, write it, and say what there is to say."""
        from latentlab.studio import may_replace, writable

        *beside, picture = opened.draw(watch)
        single = bool(self.out.suffix)
        writable(self.out.parent if single else self.out)
        path = self.out if single else self.out / f"{picture.name}.png"
        files = {path: picture}
        files |= {path.with_name(f"{path.stem}_{one.name}{path.suffix}"): one for one in beside}
        for target in files:
            may_replace(target, force=self.force)
        for target, one in files.items():
            one.save(target)
        for note in opened.notes():
            session.note(note)
        names = [str(target) for target in files]
        session.answer(f"{opened.face.name} → {', '.join(names)}", face=opened.face.name, files=names)
        return session.exit_code


def need(photo: str, command: str, more: str = "") -> str:
    """The photo that a command is about; one line where it was not named."""
    from latentlab.core.errors import BadInput

    if not photo:
        raise BadInput(f"which face? for example: latentlab {command} photo.jpg{more}")
    return photo
