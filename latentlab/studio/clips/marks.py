"""What a clip's container tells of it: the recipe in its comment, the digital source type as XMP; read back as untrusted text."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.core.image import DEEPEST, LONGEST_STORY, xmp_packet
from latentlab.core.made import MARK
from latentlab.core.reading import check_regular
from latentlab.core.text import check_depth
from latentlab.studio.clips.ffmpeg import ask, source

XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
"""The box of ISO media files that holds XMP (Adobe, XMP specification part 3)."""
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Marks:
    """Of one clip."""

    story: Mapping[str, object]
    kind: str = "compositeWithTrainedAlgorithmicMedia"
    """IPTC digital source type."""

    @property
    def comment(self) -> str:
        """JSON: who made it, of what kind it is, and how to make it again."""
        told = {"about": MARK, "digital_source_type": SOURCE_TYPE + self.kind, **self.story}
        return json.dumps(told, sort_keys=True, ensure_ascii=False)

    @property
    def words(self) -> list[str]:
        """For ffmpeg."""
        return ["-metadata", f"comment={self.comment}"]

    def append(self, path: Path, target: Path) -> None:
        """The XMP packet behind a finished MP4 or MOV, as a box of its own; other containers have the comment alone."""
        if target.suffix.lower() not in (".mp4", ".mov", ".m4v"):
            return
        packet = XMP_BOX + xmp_packet(self.kind).encode()
        with open(path, "ab") as file:
            file.write(struct.pack(">I4s", 8 + len(packet), b"uuid") + packet)


def read_marks(path: Path) -> dict[str, object]:
    """The story in a clip that we wrote; it is untrusted text, nothing more."""
    check_regular(path)
    told, _ = ask(["-v", "error", *source(path), "-f", "ffmetadata", "-"])
    text = _comment(told)
    try:
        check_depth(text[:LONGEST_STORY], DEEPEST)
        story = json.loads(text[:LONGEST_STORY]) if text else None
    except (ValueError, RecursionError) as error:
        raise BadFile(f"cannot read the story of {path}: {error}") from None
    if not isinstance(story, dict) or story.get("about") != MARK:
        raise BadFile(f"{path} carries no story; only clips that latentlab wrote do")
    return story


def _comment(told: str) -> str:
    """The comment in ffmpeg's list of metadata, whose values escape = ; # \\ and the end of a line."""
    found, lines = "", told.split("\n")
    for place, line in enumerate(lines):
        if line.startswith("["):  # streams and chapters
            break
        if line.lower().startswith("comment="):
            found = line.partition("=")[2]
            while found.endswith("\\") and place + 1 < len(lines):
                place += 1
                found = found[:-1] + "\n" + lines[place]
    text, escaped = [], False
    for letter in found:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        text.append(letter)
        escaped = False
    return "".join(text)
