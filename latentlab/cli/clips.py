"""What commands that take clips share: written where it is wanted, and what there is to say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.core.watch import Watch
    from latentlab.studio import EditClip, Source


def film(
    session: Session, clip: Path, request: EditClip, out: Path | None, watch: Watch, reference: Source = None
) -> None:
    """Edit a clip; beside the command, as MP4, unless `out` names a file or a folder."""
    from latentlab.core.watch import part
    from latentlab.studio import check_out

    named = out is not None and bool(out.suffix)
    folder = Path() if out is None or named else out
    check_out(out if out is not None and named else folder / "edited.mp4")
    opened = session.studio.open_clip(clip, request, reference, part(watch, 0.0, 0.4))
    target = out if out is not None and named else folder / f"{opened.name}.mp4"
    made = opened.film(target, part(watch, 0.4, 1.0))
    for note in opened.notes():
        session.note(note)
    session.answer(
        f"{clip} → {made}", clip=str(clip), files=[str(made)], frames=opened.count, edited=opened.edited
    )
