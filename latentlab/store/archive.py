"""Our own files: safetensors with a story (JSON) in the metadata, written atomically, read without executing anything."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadFile, BadWeights
from latentlab.core.files import atomic
from latentlab.core.text import check_depth
from latentlab.store.packing import HALF, packed, unpacked
from latentlab.store.story import LONGEST_STORY, tell

if TYPE_CHECKING:
    from torch import Tensor  # a story is read without it

LONGEST_HEADER = 16 << 20
PACKED = "packed"
"""In the story of a file whose weights take 8 bits: what they are read as."""
DEEPEST = 64
"""Lists and tables within each other in a header or a story."""


@dataclass(frozen=True, eq=False)
class Archive:
    """Tensors by name and the story around them."""

    kind: str
    """`network`, `latent`, `direction`, …"""
    tensors: Mapping[str, Tensor] = field(repr=False)
    story: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the tensors (`core.fingerprint`); a network's identity."""
        from latentlab.core.fingerprint import fingerprint

        return fingerprint(self.tensors)

    def save(self, path: Path | str, *, in_bytes: bool = False) -> Path:
        """Write atomically; the hash of the tensors goes into the story.

        With `in_bytes`, fp16 weights take 8 bits (`store.packing`), and the hash is that of what is read again.
        """
        from safetensors.torch import save_file

        path, stored, told = Path(path), self.tensors, {"kind": self.kind, "hash": self.hash}
        if in_bytes:
            stored = packed(self.tensors)
            told |= {PACKED: HALF, "hash": Archive(self.kind, unpacked(stored)).hash}
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in stored.items()}
        story = tell({**self.story, **told})
        if len(story) > LONGEST_STORY:
            raise BadFile(
                f"cannot write {path}: its story has {len(story)} characters, at most {LONGEST_STORY} are kept"
            )
        with atomic(path) as temporary:
            try:
                save_file(tensors, str(temporary), metadata={"story": story})
            except Exception as error:  # the library raises its own type for a full disk
                raise OSError(str(error)) from None
        return path

    @classmethod
    def load(cls, path: Path | str, kind: str | None = None, *, finite: bool = False) -> Archive:
        """Read a file; with `kind` it must be of that kind, with `finite` no tensor may hold NaN or infinity.

        Raises BadFile, also where the tensors do not have the hash in the story.
        """
        path = Path(path)
        story = read_story(path)
        seen = story.get("kind")
        if not isinstance(seen, str) or (kind is not None and seen != kind):
            raise BadFile(f"{path} holds {shown_kind(seen)}, not a '{kind}'; give another file")
        tensors = _load_tensors(path)
        if finite:
            _check_finite(tensors, path)
        if story.get(PACKED) == HALF:
            tensors = _unpacked(tensors, path)
            story = {name: value for name, value in story.items() if name != PACKED}
        archive = cls(seen, tensors, story)
        if story.get("hash") != archive.hash:
            raise BadFile(
                f"the tensors of {path} do not have the hash in its story: it was changed or damaged; copy it again"
            )
        return archive


def shown_kind(kind: object) -> str:
    """What a file says it is, for one line."""
    return f"a '{kind[:40]}'" if isinstance(kind, str) else "nothing that is named"


def is_safetensors(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with these nine or more looks like safetensors."""
    return len(head) >= 9 and head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] <= size - 8


def read_story(path: Path | str) -> dict[str, object]:
    """The story alone, without the tensors."""
    header = _read_header(Path(path))
    metadata = header.get("__metadata__")
    text = metadata.get("story") if isinstance(metadata, dict) else None
    if not isinstance(text, str) or len(text) > LONGEST_STORY:
        raise BadFile(
            f"{path} is a safetensors file without a latentlab story; only files that latentlab wrote are read"
        )
    story = _parse(text, Path(path))
    if not isinstance(story, dict):
        raise BadFile(f"cannot read {path}: its story is no JSON object")
    return story


def _read_header(path: Path) -> dict:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BadFile(f"cannot read {path}: it is not a regular file")
        with open(path, "rb") as file:
            start = file.read(9)
            if not is_safetensors(start, size):
                raise BadFile(f"cannot read {path}: it is not a safetensors file, or it is truncated")
            length = struct.unpack("<Q", start[:8])[0]
            if length > LONGEST_HEADER:
                raise BadFile(
                    f"cannot read {path}: its header claims {length} bytes, at most {LONGEST_HEADER} are read"
                )
            text = start[8:] + file.read(length - 1)
    except FileNotFoundError:
        raise BadFile(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    header = _parse(text, path)
    if not isinstance(header, dict):
        raise BadFile(f"cannot read {path}: its header is no JSON object")
    return header


def _parse(text: str | bytes, path: Path) -> object:
    try:
        check_depth(text if isinstance(text, str) else text.decode("utf-8"), DEEPEST)
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"cannot read {path}: its header is no JSON ({str(error)[:80]})") from None


def _load_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        loaded = load_file(str(path))
        return {name: value.clone() for name, value in loaded.items()}  # independent of the mapped file
    except Exception as error:  # the library has its own type, and builds differ in it
        raise BadFile(
            f"cannot read {path}: {' '.join(str(error).split())[:160]}; the file is damaged"
        ) from None


def _unpacked(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    try:
        return unpacked(tensors)
    except BadFile as error:
        raise BadFile(f"cannot read {path}: {error}; the file is damaged") from None


def _check_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise BadWeights(f"{path}: the tensor '{name}' holds NaN or infinite values; the file is damaged")
