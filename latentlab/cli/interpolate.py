"""`latentlab interpolate`: a video from sample to sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command, count
from latentlab.cli.words import Look
from latentlab.core.ranges import Fps, Frames

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Interpolate(Command):
    """Make a video that moves from one sample to the next (mp4 or gif, by the file's ending)."""

    seeds: Annotated[str | None, tyro.conf.arg(metavar="LIST")] = None
    """Seeds of the samples that the video passes, in this order; 0-3 if left out."""
    latents: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="FILE")] = ()
    """Saved latents (as in generate) instead of seeds, again for each file; --seeds then says which of them, from 0 on."""
    space: Literal["w", "z"] = "w"
    """Where the path lies: w moves evenly, z keeps to typical faces."""
    path: Literal["spline", "linear", "slerp"] = "spline"
    """Smooth through all samples, straight, or on the sphere (around the average in w)."""
    frames: Annotated[Frames, tyro.conf.arg(metavar="N")] = 60
    """Frames from one sample to the next."""
    loop: bool = False
    """Return to the first sample, without a jump."""
    look: tyro.conf.OmitArgPrefixes[Look] = field(default_factory=Look)
    out: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o", "--output"])] = Path(
        "interpolation.mp4"
    )
    """The video: .mp4 or .gif."""
    fps: Annotated[Fps, tyro.conf.arg(metavar="N")] = 30
    """Frames a second."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab interpolate --seeds 0-5 --psi .7 --loop",
        "latentlab interpolate --seeds 3,14 --path slerp --space z --frames 24 --fps 12 --out turn.gif",
        "latentlab interpolate --latents anna/projected_w.npz --latents ben/projected_w.npz --out meeting.mp4",
    )
    aliases: ClassVar[dict[str, str]] = {
        "--trunc": "--psi",
        "--noise-mode": "--noise",
        "--w-frames": "--frames",
    }

    def run(self, session: Session) -> None:
        from latentlab.core.seeds import parse_seeds
        from latentlab.studio import Interpolate as Request

        request = Request(
            None if self.seeds is None else tuple(parse_seeds(self.seeds)),
            self.space,
            self.path,
            self.frames,
            self.loop,
            self.latents,
            self.look.rendering(),
        )
        walk = session.studio.open_walk(request)
        total = walk.request.count()
        with session.progress("drawing", total, "frames") as watch:
            path = walk.film(self.out, self.fps, watch)
        session.emit(video=str(path), frames=total, fps=self.fps)
        session.say(f"{path}: {count(total, 'frame')}, {total / self.fps:.1f} s")
