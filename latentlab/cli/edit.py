"""`latentlab edit`: inverted faces, changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.clips import film
from latentlab.cli.command import Command
from latentlab.cli.words import Wish
from latentlab.core.ranges import FaceNumber, Fps

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.core.face import Face
    from latentlab.core.watch import Watch
    from latentlab.studio import Edit as EditRequest
    from latentlab.studio import OpenEdit

VIDEOS = (".mp4", ".gif")
SHORTEST = 3
"""Seconds that a video of a sweep lasts at least, so that it can be seen."""


@dataclass(frozen=True)
class Edit(Command):
    """Edit inverted faces: by how much, to what value, or in a sweep.

    Without an input it takes the newest inversion; a photo is inverted first. A bare --direction age is one step.
    Pictures land beside the inversion unless -o says otherwise; a sweep also gives a sheet, or a video with
    -o FILE.gif or FILE.mp4. Of a clip every frame is edited, a sweep runs from its first frame to its last, and what
    is finished is kept: after an interruption the same command goes on.
    """

    faces: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME|PHOTO|CLIP...")] = ()
    """Names in the lab, photos, or clips; the newest inversion if left out."""
    wish: tyro.conf.OmitArgPrefixes[tyro.conf.UseAppendAction[Wish]] = field(default_factory=Wish)
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE|FOLDER", aliases=["-o"])] = None
    """Where the picture goes; of a sweep .gif or .mp4 makes a video."""
    face: FaceNumber | None = None
    """Which face of a photo or clip with several, counted from the left, from 1."""
    fps: Annotated[Fps | None, tyro.conf.arg(metavar="N")] = None
    """Frames a second of a video; if left out 12, fewer where it would be over in less than three seconds."""
    force: bool = False
    """Replace files that latentlab did not make."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """Numbers to draw in; auto is bf16 where that is faster on this machine and looks alike (measured once)."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab edit --direction age=2",
        "latentlab edit anna --direction smile=1 --direction age=-1 -o younger.png",
        "latentlab edit anna --to age=60 --min-identity .5",
        "latentlab edit anna --sweep age=-3:3:7 -o ageing.gif",
        "latentlab edit photo.jpg --direction smile --paste-back",
        "latentlab edit clip.mp4 --direction age=2 -o older.mp4",
    )

    def run(self, session: Session) -> int:
        from latentlab.studio import is_clip, writable

        request = replace(self.wish.edit(), precision=None if self.precision == "fp32" else self.precision)
        if self.out is not None:
            writable(self.out.parent if self.out.suffix else self.out)
        faces: tuple[str | None, ...] = tuple(dict.fromkeys(self.faces)) or (None,)
        with session.progress("editing") as watch:
            for source in faces:
                with session.step(source):
                    if source is not None and is_clip(source):
                        self._clip(session, Path(source), request, watch)
                        continue
                    face = source if self.face is None else self._chosen(session, source, watch)
                    opened = session.studio.open_edit(face, request, watch)
                    self._save(session, opened, watch)
        return session.exit_code

    def _chosen(self, session: Session, source: str | None, watch: Watch) -> Face:
        """One face of a photo with several."""
        from latentlab.core.errors import BadInput

        if source is None or source in session.studio.faces() or not Path(source).is_file():
            raise BadInput("`face` chooses one in a photo or clip; name its file")
        return session.studio.invert(source, face=self.face, watch=watch)

    def _clip(self, session: Session, clip: Path, request: EditRequest, watch: Watch) -> None:
        from latentlab.studio import EditClip

        several = self.out is not None and self.out.suffix and len(self.faces) > 1
        out = self.out.with_name(f"{clip.stem}_{self.out.name}") if self.out and several else self.out
        film(session, clip, EditClip(request, self.face), out, watch)

    def _save(self, session: Session, opened: OpenEdit, watch: Watch) -> None:
        from latentlab.core.overlap import overlapped
        from latentlab.studio import may_replace

        if self.out is not None and self.out.suffix.lower() in VIDEOS:
            return self._film(session, opened, watch)
        *cells, last = opened.draw(watch)
        alone = self.out is not None and bool(self.out.suffix)
        target = self._target(opened, last.name)
        pictures = {target: last} if alone else {self._target(opened, p.name): p for p in (*cells, last)}
        for path in pictures:
            may_replace(path, force=self.force)
        list(overlapped(pictures.items(), lambda pair: pair[1].save(pair[0])))
        self._tell(session, opened, [str(path) for path in pictures])
        return None

    def _target(self, opened: OpenEdit, name: str) -> Path:
        """A file as it stands (with the face's name before it where there are several), else a picture in a folder."""
        if self.out is None:
            return (opened.face.folder or Path()) / f"{name}.png"
        if not self.out.suffix:
            return self.out / f"{opened.face.name}_{name}.png"
        return self.out if len(self.faces) < 2 else self.out.with_name(f"{opened.face.name}_{self.out.name}")

    def _film(self, session: Session, opened: OpenEdit, watch: Watch) -> None:
        from latentlab.core.errors import BadInput
        from latentlab.studio import Video

        if len(opened.request.sweeps) != 1:
            raise BadInput(
                "a video needs one sweep of the face, for example --sweep age=-3:3:25 -o ageing.gif"
            )
        *cells, sheet = opened.draw(watch)
        fps = self.fps or max(1, min(12, len(cells) // SHORTEST))
        path = Video(self._target(opened, sheet.name), fps).save(
            (cell.image for cell in cells), sheet.recipe, cells[0].source
        )
        self._tell(session, opened, [str(path)])

    def _tell(self, session: Session, opened: OpenEdit, files: list[str]) -> None:
        for note in opened.notes():
            session.note(note)
        shown = files[-1] if len(files) == 1 else f"{files[-1]} and {len(files) - 1} more beside it"
        reached = None if opened.reached is None else dict(opened.reached.strengths)
        session.answer(f"{opened.face.name} → {shown}", face=opened.face.name, files=files, reached=reached)
