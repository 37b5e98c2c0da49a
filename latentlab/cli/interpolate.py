"""`latentlab interpolate`: a video from sample to sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command, count
from latentlab.studio.interpolate import Interpolation

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Interpolate(Command):
    """Make a video that moves from one sample to the next (mp4 or gif, by the file's ending)."""

    interpolation: tyro.conf.OmitArgPrefixes[Interpolation] = field(default_factory=Interpolation)
    out: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o", "--output"])] = Path(
        "interpolation.mp4"
    )
    """The video: .mp4 or .gif."""
    fps: Annotated[int, tyro.conf.arg(metavar="N")] = 30
    """Frames a second."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab interpolate --seeds 0-5 --psi .7 --loop",
        "latentlab interpolate --seeds 3,14 --path slerp --space z --frames 24 --fps 12 --out turn.gif",
    )
    aliases: ClassVar[dict[str, str]] = {
        "--trunc": "--psi",
        "--noise-mode": "--noise",
        "--w-frames": "--frames",
    }

    def run(self, session: Session) -> None:
        from latentlab.studio.video import Video

        video, total = Video(self.out, self.fps), self.interpolation.count()
        with session.progress("drawing", total, "frames") as watch:
            frames = self.interpolation.draw(session.studio, watch)
            path = video.save(frames, self.interpolation.recipe(session.studio))
        session.emit(video=str(path), frames=total, fps=self.fps)
        session.say(f"{path}: {count(total, 'frame')}, {total / self.fps:.1f} s")
