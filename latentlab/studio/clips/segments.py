"""A clip written in parts that are kept when they are whole, then joined with the sound: nothing is done twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.core.files import atomic, may_write
from latentlab.studio.clips.clip import TICKS, Clip
from latentlab.studio.clips.ffmpeg import feeding, source
from latentlab.studio.clips.frames import Frame
from latentlab.studio.clips.marks import Marks
from latentlab.studio.pictures.picture import writable

LENGTH = 24
"""Frames of a part: at most so many are made again after an interruption."""
LEAD = 10
"""Seconds by which the parts are late, so that no time in them is below 0."""
QUALITY = ("-c:v", "libx264", "-preset", "fast", "-crf", "17", "-bf", "0", "-threads", "2")
"""Without frames that look ahead parts can be put one behind the other; with two threads every machine writes the same."""
WRITTEN = (".mp4", ".mov", ".m4v", ".mkv")


def check_out(path: Path) -> Path:
    """The path; BadFile where no edited clip may be written, or one is written as something else."""
    if path.suffix.lower() not in WRITTEN:
        raise BadFile(f"cannot write {path}: edited clips are {', '.join(WRITTEN)}, not '{path.suffix}'")
    may_write(path)
    writable(path.parent)
    return path


@dataclass(frozen=True)
class Parts:
    """The parts of one edited clip."""

    clip: Clip
    folder: Path
    """Theirs alone."""

    @property
    def count(self) -> int:
        return -(-len(self.clip.times) // LENGTH)

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.ts"

    def numbers(self, number: int) -> range:
        """The frames of a part."""
        total = len(self.clip.times)
        return range(min(number * LENGTH, total), min((number + 1) * LENGTH, total))

    def finished(self) -> int:
        """How many are there, from the first one on."""
        return next((n for n in range(self.count) if not self.path(n).is_file()), self.count)

    def write(self, number: int, frames: Iterator[Frame]) -> None:
        """One part, whole or not at all; it takes its frames as they come, so that they are encoded meanwhile."""
        stamps = [self.clip.times[frame] + LEAD * TICKS for frame in self.numbers(number)]
        when = "+".join(f"eq(N\\,{place})*{stamp}" for place, stamp in enumerate(stamps))
        width, height = self.clip.size
        words = [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-s",
            f"{width}x{height}",
            "-r",
            str(TICKS),
            "-i",
            "-",
        ]
        words += [
            "-vf",
            f"settb=1/{TICKS},setpts={when}",
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            f"1:{TICKS}",
        ]
        words += [*QUALITY, *self.clip.colours.words, "-muxdelay", "0", "-muxpreload", "0", "-f", "mpegts"]
        with (
            atomic(self.path(number), own=True) as temporary,
            feeding([*words, f"file:{temporary}"]) as stream,
        ):
            for frame in islice(frames, len(stamps)):
                stream.write(frame.data())

    def join(self, target: Path, marks: Marks) -> str:
        """All parts and the clip's sound as one file; returns what became of the sound."""
        with atomic(target) as temporary:
            told = self._with_sound(temporary, target, marks)
            marks.append(temporary, target)
        return told

    def _with_sound(self, temporary: Path, target: Path, marks: Marks) -> str:
        """The sound as it is; coded anew where the container does not take it, left out where it cannot be read."""
        if not self.clip.sound:
            self._mux(temporary, target, marks, None)
            return ""
        try:
            self._mux(temporary, target, marks, "copy")
            return ""
        except OSError:
            pass
        try:
            self._mux(temporary, target, marks, "aac")
            return f"the sound was coded anew as AAC: {target.suffix} does not take it as it was"
        except OSError:
            self._mux(temporary, target, marks, None)
            return "the sound could not be read and was left out"

    def _mux(self, temporary: Path, target: Path, marks: Marks, sound: str | None) -> None:
        last = len(self.clip.times) - 1
        length = f"setts=duration=if(eq(N\\,{last})\\,{self.clip.last}\\,DURATION)"
        words = ["-copyts", "-itsoffset", str(-LEAD), "-f", "mpegts", "-i", "-", *source(self.clip.path)]
        words += [
            "-map",
            "0:v:0",
            *(["-map", "1:a", "-c:a", sound] if sound else []),
            "-c:v",
            "copy",
            "-bsf:v",
            length,
        ]
        words += [
            "-map_metadata",
            "1",
            *marks.words,
            "-video_track_timescale",
            str(TICKS),
            "-movflags",
            "+faststart",
        ]
        kind = (
            "matroska"
            if target.suffix.lower() == ".mkv"
            else "mov"
            if target.suffix.lower() == ".mov"
            else "mp4"
        )
        with feeding([*words, "-f", kind, f"file:{temporary}"]) as stream:
            for number in range(self.count):
                with open(self.path(number), "rb") as part:
                    shutil.copyfileobj(part, stream)

    def drop(self) -> None:
        """They are in the clip now."""
        shutil.rmtree(self.folder, ignore_errors=True)
