"""Whether latentlab made a file: each format carries its mark, and what bears none is somebody else's."""

from __future__ import annotations

import json
import struct
from pathlib import Path

MARK = "made by latentlab"
"""In comments of text, and of pictures and videos that have no place for a story."""
EDGE = 4 << 20
"""Bytes at both ends of a file in which the mark stands."""
STORIES = ("story", "training", "channels")
"""Names of the metadata that our safetensors files carry."""
TEXTS = (".md", ".html", ".htm", ".toml", ".txt", ".csv", ".json", ".jsonl")
COMMENTS = (*TEXTS, ".jpg", ".jpeg", ".webp", ".gif", ".mp4", ".mov", ".m4v", ".mkv", ".npz", ".npy")


def made_here(path: Path) -> bool:
    """Whether the file bears latentlab's mark; an empty file belongs to nobody."""
    try:
        with open(path, "rb") as file:
            head = file.read(9)
    except OSError:
        return False
    if head.startswith(b"\x89PNG"):
        return _png(path)
    if head[8:9] == b"{":
        return _safetensors(path)
    return not head or (path.suffix.lower() in COMMENTS and _commented(path))


def _commented(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(EDGE)
            file.seek(max(0, file.seek(0, 2) - EDGE))
            return MARK.encode() in head or MARK.encode() in file.read(EDGE)
    except OSError:
        return False


def marked(text: str, path: Path) -> str:
    """The text of a page or of settings with the comment that marks it; other texts have no room for one."""
    kind = path.suffix.lower()
    if MARK in text:
        return text
    if kind in (".md", ".html", ".htm"):
        return f"{text.rstrip()}\n\n<!-- {MARK} -->\n"
    return f"# {MARK}\n{text}" if kind == ".toml" else text


def _png(path: Path) -> bool:
    """Whether a text chunk of ours is in it: chunks are walked, pixels are not read."""
    try:
        with open(path, "rb") as file:
            file.seek(8)
            while len(start := file.read(8)) == 8:
                length, kind = struct.unpack(">I4s", start)
                if kind in (b"iTXt", b"tEXt", b"zTXt") and file.read(min(length, 10)) == b"latentlab\0":
                    return True
                file.seek(length + 4 - (min(length, 10) if kind in (b"iTXt", b"tEXt", b"zTXt") else 0), 1)
    except (OSError, struct.error):
        return False
    return False


def _safetensors(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > 64 << 20:
                return False
            metadata = json.loads(file.read(length)).get("__metadata__", {})
    except (OSError, struct.error, ValueError, RecursionError, AttributeError):
        return False
    return isinstance(metadata, dict) and any(name in metadata for name in STORIES)
