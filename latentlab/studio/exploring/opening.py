"""A file given to the page: a picture of latentlab restores what made it, a photo gives the faces that are in it."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as pillow

from latentlab.core.errors import BadFile, BadInput, LatentLabError
from latentlab.core.face import Face
from latentlab.core.image import decode_picture, read_story
from latentlab.core.watch import Watch
from latentlab.store.home import safe_name
from latentlab.studio.exploring.desk import Desk
from latentlab.studio.exploring.restoring import view_of_picture
from latentlab.studio.exploring.view import View
from latentlab.studio.portraits.align import Align, AlignedFace
from latentlab.studio.portraits.bench import Outcome
from latentlab.studio.portraits.invert import choose_method
from latentlab.studio.portraits.request import Invert

SIDE = 256
"""Of the aligned faces that are shown."""
UPLOADS = 40
"""Photos that a session keeps."""


@dataclass(frozen=True, eq=False)
class Opened:
    """What a file is: a view, or a photo on the desk with its faces."""

    view: View | None = None
    photo: Path | None = None
    name: str = ""
    """A name for the shelf, made of the file's own."""
    faces: tuple[AlignedFace, ...] = ()
    face: Face | None = None
    """The only one, inverted."""
    notes: tuple[str, ...] = ()


def open_file(desk: Desk, name: str, content: bytes) -> Opened:
    """Look at a file by what it holds; its name is never trusted, and it is kept under one of ours.

    Raises:
        LatentLabError: no picture, one too large, a photo without a face, a recipe that no view can hold.
    """
    decode_picture(content, "the file")
    path = desk.folder / f"upload-{secrets.token_hex(4)}.{_kind(content)}"
    path.write_bytes(content)
    if _has_recipe(path):
        path.unlink()
        return Opened(view=view_of_picture(desk, content))
    try:
        faces = tuple(desk.studio.aligned(path, Align(SIDE, all=True)))
    except BaseException as error:
        path.unlink()
        raise _told(error, path) from None
    _make_room(desk.folder)
    return Opened(photo=path, name=safe_name(name)[:60], faces=faces)


def _kind(content: bytes) -> str:
    """The format that the file has, as an ending."""
    with pillow.open(io.BytesIO(content)) as picture:
        return str(picture.format or "picture").lower()


def _told(error: BaseException, path: Path) -> BaseException:
    """The same without our own name of the file, which says nothing to whoever gave it."""
    if isinstance(error, LatentLabError):
        return type(error)(str(error).replace(str(path), "the photo"))
    return error


def _make_room(folder: Path) -> None:
    """The oldest uploads go where a session gives very many; faces that were made of them have a copy."""
    uploads = sorted(folder.glob("upload-*"), key=lambda path: path.stat().st_mtime_ns)
    for path in uploads[:-UPLOADS]:
        path.unlink(missing_ok=True)


def open_and_invert(desk: Desk, name: str, content: bytes, watch: Watch | None = None) -> Opened:
    """The same; where a photo shows a single face, that is inverted at once by one pass of the encoder."""
    opened = open_file(desk, name, content)
    if opened.photo is None or len(opened.faces) != 1:
        return opened
    request = Invert(choose_method("encode"), face=1, keep=False)
    outcome = invert_photo(desk, opened.photo, request, watch)
    return replace(opened, face=outcome.face, notes=outcome.notes)


def invert_photo(desk: Desk, photo: Path, request: Invert, watch: Watch | None = None) -> Outcome:
    """One face of a photo on the desk, in memory; raises what stands in the way."""
    for outcome in desk.studio.inverted([photo], request, watch):
        if outcome.error is not None:
            raise _told(outcome.error, photo)
        return outcome
    raise BadInput("the photo is gone; open it again")


def _has_recipe(path: Path) -> bool:
    try:
        return isinstance(read_story(path).get("command"), str)
    except BadFile:  # a photo
        return False
