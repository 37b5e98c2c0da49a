"""Videos: frames to mp4 (H.264, plays and seeks everywhere) or gif, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic
from latentlab.core.image import to_picture
from latentlab.core.overlap import overlapped
from latentlab.core.ranges import Fps, check
from latentlab.studio.clips.marks import Marks
from latentlab.studio.pictures.picture import writable

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FPS = 240
LARGEST = 1280
"""Longest side of a photo in a video, in pixels."""


@dataclass(frozen=True)
class Video:
    """Where the frames go; the ending says how."""

    path: Path
    fps: Fps = 30

    def __post_init__(self) -> None:
        check(self)
        if self.path.suffix.lower() not in (".mp4", ".gif"):
            raise BadFile(f"cannot write {self.path}: videos are .mp4 or .gif, not '{self.path.suffix}'")
        if self.path.is_dir():
            raise BadFile(f"{self.path} is a folder; name a file with `out`")
        if not 1 <= self.fps <= MOST_FPS:
            raise BadInput(f"`fps` {self.fps} is out of range; write 1 to {MOST_FPS}")
        writable(self.path.parent)

    def save(
        self,
        frames: Iterable[Tensor | Image],
        story: Mapping[str, object] | None = None,
        source: str = "trainedAlgorithmicMedia",
    ) -> Path:
        """Write frames [3 h w], or whole photos, as they come; an error or Ctrl-C leaves no half a video. `source` is IPTC's source type."""
        marks = Marks(story or {}, source)
        write = self._gif if self.path.suffix.lower() == ".gif" else self._mp4
        with atomic(self.path) as temporary:
            write(temporary, overlapped(frames, _frame), marks.comment)
            marks.append(temporary, self.path)
        return self.path

    def _gif(self, temporary: Path, pictures: Iterator[Image], comment: str) -> None:
        first = next(pictures)
        first.save(
            temporary, format="GIF", save_all=True, append_images=pictures, duration=1000 / self.fps, loop=0,
            comment=comment.encode(),
        )  # fmt: skip

    def _mp4(self, temporary: Path, pictures: Iterator[Image], comment: str) -> None:
        import imageio_ffmpeg

        first = next(pictures)
        # a key frame each second lets players seek; faststart puts the index first
        options = [
            "-crf",
            "16",
            "-g",
            str(self.fps),
            "-movflags",
            "+faststart",
            "-metadata",
            f"comment={comment}",
        ]
        writer = imageio_ffmpeg.write_frames(
            str(temporary), first.size, fps=self.fps, codec="libx264", macro_block_size=2, pix_fmt_out="yuv420p",
            output_params=options, ffmpeg_log_level="quiet",
        )  # fmt: skip
        count = 0
        with closing(writer):  # without it ffmpeg goes on running after an error
            writer.send(None)
            for picture in chain([first], pictures):
                writer.send(picture.tobytes())
                count += 1
        if _frames(temporary) != count:  # ffmpeg's own exit code is not told
            raise OSError("ffmpeg could not write all frames")


def _frame(frame: Tensor | Image) -> Image:
    """In three colours; a whole photo no larger than people look at."""
    if isinstance(frame, Tensor):
        return to_picture(frame).convert("RGB")
    shown = frame.convert("RGB")
    shown.thumbnail((LARGEST, LARGEST))
    return shown


def _frames(path: Path) -> int:
    """How many frames a written file has; 0 where it is no video."""
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.count_frames_and_secs(str(path))[0]
    except (RuntimeError, OSError):
        return 0
