"""Videos: frames to mp4 (H.264, plays and seeks everywhere) or gif, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic
from latentlab.core.image import to_pixels
from latentlab.studio.picture import writable

MOST_FPS = 240


@dataclass(frozen=True)
class Video:
    """Where the frames go; the ending says how."""

    path: Path
    fps: int = 30

    def __post_init__(self) -> None:
        if self.path.suffix.lower() not in (".mp4", ".gif"):
            raise BadFile(f"cannot write {self.path}: videos are .mp4 or .gif, not '{self.path.suffix}'")
        if self.path.is_dir():
            raise BadFile(f"{self.path} is a folder; name a file with --out")
        if not 1 <= self.fps <= MOST_FPS:
            raise BadInput(f"--fps {self.fps} is out of range; write 1 to {MOST_FPS}")
        writable(self.path.parent)

    def save(self, frames: Iterable[Tensor], story: Mapping[str, object] | None = None) -> Path:
        """Write frames [3 h w] as they come; an error or Ctrl-C leaves no half a video."""
        # closing, since the writer's own context leaves ffmpeg running after an error
        with atomic(self.path) as temporary, closing(self._writer(temporary, story)) as writer:
            for frame in frames:
                writer.append_data(to_pixels(frame[None])[0].numpy())
        return self.path

    def _writer(self, temporary: Path, story: Mapping[str, object] | None) -> Any:
        import imageio.v2 as imageio

        return imageio.get_writer(temporary, **self._options(story))

    def _options(self, story: Mapping[str, object] | None) -> dict[str, Any]:
        comment = json.dumps(story or {}, sort_keys=True, ensure_ascii=False)
        if self.path.suffix.lower() == ".gif":
            return {
                "format": "GIF",
                "mode": "I",
                "duration": 1000 / self.fps,
                "loop": 0,
                "comment": comment.encode(),
            }
        return {
            "format": "FFMPEG",
            "mode": "I",
            "fps": self.fps,
            "codec": "libx264",
            "macro_block_size": 2,
            "pixelformat": "yuv420p",
            # a key frame each second lets players seek; faststart puts the index first
            "output_params": [
                "-crf",
                "16",
                "-g",
                str(self.fps),
                "-movflags",
                "+faststart",
                "-metadata",
                f"comment={comment}",
            ],
            "ffmpeg_log_level": "error",
        }
