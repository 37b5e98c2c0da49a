"""How photos are looked at: bytes to an aligned face, as many at a time as memory takes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated

import numpy as np

from latentlab.core.errors import LatentLabError
from latentlab.core.image import decode_picture, from_pixels, resize_square
from latentlab.core.ranges import Between, FaceNumber, check
from latentlab.studio.batch.addresses import fetch
from latentlab.studio.batch.tasks.task import Item

AHEAD = 16
"""Files that are read while others are worked on."""
READERS = 4


@dataclass(frozen=True)
class Look:
    """Which face of a photo is meant, and how it is sought."""

    aligned: bool = False
    """The photos are aligned faces already: nothing is sought, the central square is taken."""
    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    profile: bool = False
    """Also accept faces seen from the side."""
    glance: Annotated[int, Between(0, 4096)] = 640
    """A copy of at most so many pixels is searched first, which is enough for portraits; 0 searches as `invert` does."""

    def __post_init__(self) -> None:
        check(self)

    def see(self, name: str, content: bytes, size: int, address: str) -> Item:
        """The aligned face of one photo, `size` pixels wide."""
        from latentlab.faces.photo import face_in_photo

        picture = decode_picture(content, address)
        digest = hashlib.sha256(content).hexdigest()
        if self.aligned:
            square = resize_square(picture, max(16, min(size, min(picture.size))))
            return Item(name, from_pixels(np.asarray(square)[None]), hash=digest)
        found = face_in_photo(
            picture, size, self.face, allow_profile=self.profile, glance=self.glance or None
        )
        return Item(name, found.image, found, digest)


@dataclass(frozen=True, eq=False)
class Seen:
    """One item of the manifest after it was looked at."""

    item: Item | None
    error: LatentLabError | None
    seconds: float
    hash: str = ""


def see_all(
    items: Iterable[tuple[str, str]], look: Look, size: int, tries: int, *, whole: bool
) -> Iterator[Seen]:
    """Every photo of (id, address) in turn, files read ahead; `whole` keeps the photo beside its face."""
    with ThreadPoolExecutor(READERS) as readers:
        for name, address, content in _ahead(readers, items, tries):
            began, digest = time.perf_counter(), ""
            try:
                read = content.result()
                digest = hashlib.sha256(read).hexdigest()
                item, error = look.see(name, read, size, address), None
                if not whole and item.found is not None:
                    item = _without_photo(item)
            except LatentLabError as trouble:
                item, error = None, trouble
            except (MemoryError, RuntimeError, ValueError, OSError, ArithmeticError) as bug:
                item, error = None, Unexpected(f"something went wrong here ({type(bug).__name__}: {bug})")
            yield Seen(item, error, time.perf_counter() - began, digest)


class Unexpected(LatentLabError):
    """Not foreseen: one item of a million must not end the run, so it is told as a row."""


def _without_photo(item: Item) -> Item:
    from PIL import Image

    assert item.found is not None, "asked before"
    return replace(item, found=replace(item.found, picture=Image.new("RGB", (1, 1))))


def _ahead(
    readers: ThreadPoolExecutor, items: Iterable[tuple[str, str]], tries: int
) -> Iterator[tuple[str, str, Future[bytes]]]:
    left = iter(items)
    waiting = [(name, place, readers.submit(fetch, place, tries)) for name, place in islice(left, AHEAD)]
    while waiting:
        yield waiting.pop(0)
        for name, place in islice(left, 1):
            waiting.append((name, place, readers.submit(fetch, place, tries)))
