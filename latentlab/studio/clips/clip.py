"""A clip as it is on disk: upright size, a time for every frame, colours, sound; what cannot be read is said in one line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.core.reading import check_regular
from latentlab.studio.clips.ffmpeg import ask, source

ENDINGS = (
    ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".3gp", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".ogv",
)  # fmt: skip
TICKS = 90_000
"""Of a second; times are whole numbers of them."""
MOST_PIXELS = 8192 * 4320
SMALLEST = 16
VIDEO = "0:V:0"
"""The first stream that is no cover picture."""
SHAPE = "scale=trunc(iw*max(sar\\,0.01)/2+0.5)*2:ih,setsar=1,crop=trunc(iw/2)*2:trunc(ih/2)*2"
"""Square pixels, even sides; nothing at all for a clip that has them."""
EARLY = 0.9
"""A clip with less than this share of the length that its header promises was cut off."""


@dataclass(frozen=True)
class Colours:
    """What the three planes mean; the names are ffmpeg's."""

    space: str
    primaries: str = "unknown"
    transfer: str = "unknown"
    full: bool = False
    """Whether black is 0 rather than 16."""

    @property
    def words(self) -> list[str]:
        """For an encoder."""
        named = {"-colorspace": self.space, "-color_primaries": self.primaries, "-color_trc": self.transfer}
        told = [word for flag, name in named.items() if name != "unknown" for word in (flag, name)]
        return [*told, "-color_range", "pc" if self.full else "tv"]


@dataclass(frozen=True)
class Clip:
    """A clip that can be read."""

    path: Path
    size: tuple[int, int]
    """Width and height, upright, in square pixels, even."""
    times: tuple[int, ...]
    """When each frame is shown, in ticks; they grow."""
    last: int
    """How long the last frame is shown, in ticks."""
    colours: Colours
    sound: bool
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def seconds(self) -> float:
        return (self.times[-1] + self.last - self.times[0]) / TICKS

    @property
    def filters(self) -> str:
        """What brings a decoded frame into its form."""
        return SHAPE if self.colours.space != "gbr" else SHAPE + ",scale=out_color_matrix=bt709:out_range=tv"


def is_clip(path: object) -> bool:
    """Whether a file's ending says that it is a clip."""
    return str(path).lower().endswith(ENDINGS)


def open_clip(path: Path | str) -> Clip:
    """Read everything but the pictures; BadFile where there is nothing to be seen."""
    path = Path(path)
    if path.is_dir():
        raise BadFile(f"{path} is a folder, not a clip; name the clips in it")
    check_regular(path)
    header = ask(source(path))[1]
    if "Video:" not in header:
        raise BadFile(
            f"cannot read {path}: {_reason(header)}; is it a whole MP4, MOV, MKV, WebM or AVI file?"
        )
    words = [
        *source(path),
        "-map",
        VIDEO,
        "-vf",
        SHAPE,
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "demux",
    ]
    told, complaints = ask(["-v", "error", *words, "-f", "framecrc", "-"])
    size, times, last = _table(told, path, complaints)
    if size[0] * size[1] > MOST_PIXELS or min(size) < SMALLEST:
        raise BadFile(
            f"{path} is {size[0]}×{size[1]} pixels large; clips of {SMALLEST} pixels a side to 8192×4320 are read"
        )
    notes = _notes(header, (times[-1] + last - times[0]) / TICKS, len(times))
    return Clip(path, size, times, last, _colours(header, size[1]), "Audio:" in header, notes)


def _reason(header: str) -> str:
    text = header.lower()
    if "audio:" in text:
        return "it has sound but no picture"
    if "moov atom not found" in text:
        return "it was cut off before its index was written"
    if "not whitelisted" in text:
        return "it is no clip but a list of others"
    return "it is no clip"


def _table(told: str, path: Path, complaints: str) -> tuple[tuple[int, int], tuple[int, ...], int]:
    """Size, times and the last frame's length from ffmpeg's list of decoded frames."""
    lines = told.splitlines()
    found = {
        line.split(":")[0]: line.split(": ")[1] for line in lines if line.startswith("#") and ": " in line
    }
    rows = [line.split(",") for line in lines if line and not line.startswith("#")]
    try:
        unit = Fraction(found["#tb 0"]) * TICKS
        stamps = [round(int(row[2]) * unit) for row in rows]
        width, height = (int(side) for side in found["#dimensions 0"].split("x"))
        last = round(int(rows[-1][3]) * unit)
    except (KeyError, ValueError, IndexError):
        reason = next(
            (line.rsplit("] ")[-1] for line in complaints.splitlines() if line.strip()), "no frame is whole"
        )
        raise BadFile(f"cannot read {path}: {reason[:160]}; is it a whole clip?") from None
    times = stamps[:1]
    for stamp in stamps[1:]:
        times.append(max(stamp, times[-1] + 1))
    usual = (times[-1] - times[0]) // max(1, len(times) - 1)
    return (width, height), tuple(times), max(1, last or usual or TICKS // 25)


def _colours(header: str, height: int) -> Colours:
    """From the header's line of the first video; untagged clips are taken as players take them: by their height."""
    line = next(line for line in header.splitlines() if "Video:" in line)
    found = re.search(r", (\w+)(?:\(([^)]*)\))?, (?:\d+x\d+)", line)
    layout, told = (found[1], found[2] or "") if found else ("yuv420p", "")
    if not layout.startswith(("yuv", "nv", "p0", "gray")):
        return Colours("bt709" if layout.startswith("yuv") else "gbr", full=False)
    parts = [part.strip() for part in told.split(",")]
    full = "pc" in parts or layout.startswith("yuvj")
    named = next(
        (part for part in parts if re.fullmatch(r"[\w-]+/[\w-]+/[\w-]+|(bt|smpte|fcc|ycgco)[\w-]*", part)), ""
    )
    space, primaries, transfer = named.split("/") if "/" in named else (named,) * 3
    if not named or space == "unknown":
        space = "bt709" if height >= 720 else "smpte170m"
    return Colours(space, primaries or "unknown", transfer or "unknown", full)


def _notes(header: str, seconds: float, count: int) -> tuple[str, ...]:
    promised = re.search(r"Duration: (\d+):(\d+):([\d.]+)", header)
    if promised is None:
        return ()
    hours, minutes, rest = promised.groups()
    length = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    if seconds >= EARLY * length - 0.5:
        return ()
    return (
        f"the clip ends early: {count} frames ({seconds:.1f} s) can be read, its header promises {length:.1f} s",
    )
