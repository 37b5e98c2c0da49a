"""A desk: the faces one session works with, and pictures of them at the speed of a slider; the networks are shared."""

from __future__ import annotations

import base64
import io
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.image import to_picture
from latentlab.core.latent import Space
from latentlab.editing.apply import apply
from latentlab.inversion.saved import load, save
from latentlab.store.home import check_name
from latentlab.studio.discovery.discover import keep
from latentlab.studio.exploring.view import Styles, View
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.portraits.which import for_source
from latentlab.studio.shelf import companions
from latentlab.studio.shelf.directions import direction_files
from latentlab.studio.studio import Studio

if TYPE_CHECKING:
    from PIL.Image import Image

Note = TypeVar("Note")
FACES = 24
"""Faces that a desk keeps in memory; the longest unused goes first."""
OWN = 4
"""Uploaded faces in memory, a few megabytes each; older ones wait in the session's folder."""
NOTES = 500
QUALITY = 90
DRAWING = threading.Semaphore(1)
"""One picture at a time: two at once on few cores make both many times as slow."""


@dataclass(eq=False)
class Desk:
    """One session's faces, its temporary files and its last pictures; nobody else's token opens it."""

    studio: Studio
    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    used: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._faces: OrderedDict[str, Face] = OrderedDict()
        self._own: dict[str, Face] = {}
        self._noted: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def folder(self) -> Path:
        """Where this session's uploads lie until it ends."""
        return Path(tempfile.mkdtemp(prefix="latentlab-desk-"))

    def close(self) -> None:
        """Forget the faces and delete the files."""
        self._faces.clear()
        self._own.clear()
        self._noted.clear()
        if "folder" in vars(self):
            shutil.rmtree(self.folder, ignore_errors=True)
            del self.folder

    def put(self, face: Face) -> str:
        """Lay a face on the desk; what a view calls it by."""
        name = f"desk:{secrets.token_hex(4)}"
        with self._lock:
            self._own[name] = face
            oldest = next(iter(self._own)) if len(self._own) > OWN else None
        if oldest is not None:
            save(self._place(oldest), self._own[oldest])
            with self._lock:
                self._own.pop(oldest, None)
        return name

    def _place(self, name: str) -> Path:
        """Where a face of this session waits that is not in memory."""
        return self.folder / "faces" / name.removeprefix("desk:")

    def face(self, view: View) -> Face:
        """The face of a view.

        Raises:
            BadInput: a face of another session, or one that is no longer there.
        """
        own = self._own.get(view.face)
        if own is not None:
            return own
        if view.face.startswith("desk:") and not self._place(view.face).is_dir():
            raise BadInput("this face was on another session's desk and is gone; upload the photo again")
        key = f"{view.face}@{view.psi:g}@{view.noise}"
        with self._lock:
            if key in self._faces:
                self._faces.move_to_end(key)
                return self._faces[key]
        face = self._found(view)
        with self._lock:
            self._faces[key] = face
            while len(self._faces) > FACES:
                self._faces.popitem(last=False)
        return face

    def of(self, view: View) -> Studio:
        """The studio on the network of the view's face: a photograph may have another than samples."""
        return for_source(self.studio, self.face(view))

    def _found(self, view: View) -> Face:
        if view.seed is not None:
            return self._sampled(view, view.seed)
        if view.face.startswith("desk:"):
            place = self._place(view.face)
            return load(place, for_source(self.studio, place).generator)
        return self.studio.face(view.name)

    def _sampled(self, view: View, seed: int) -> Face:
        if view.noise.isdecimal():
            return self.studio.sample(seed, view.psi, noise="random", noise_seed=int(view.noise))
        return self.studio.sample(seed, view.psi, noise="none" if view.noise == "none" else "const")

    def forget(self, view: View) -> None:
        """Read the face anew when it is next asked for: it was renamed, deleted or inverted again."""
        with self._lock:
            for key in [key for key in self._faces if key.startswith(f"{view.face}@")]:
                del self._faces[key]
            self._noted.clear()

    def edit(self, view: View, *, whole: bool = False) -> Edit | None:
        """What the view does to its face, as a request; None where there is nothing to do.

        An edit by nothing still is one where a photo is shown: its pixels are the photo's, not the network's.
        """
        strengths = dict(view.strengths)
        photo = self.face(view).photo is not None and view.transfer != "none"
        if not view.edited and (photo or whole):
            strengths = dict.fromkeys(self.studio.directions()[:1], 0.0)
        mix = None if view.styles is None else self._styles(view.styles)
        if not strengths and mix is None:
            return None
        return Edit(strengths, mix=mix, transfer=view.transfer, paste_back=whole)

    def _styles(self, styles: Styles) -> tuple[Face, tuple[int, int]]:
        return self.face(View(styles.face)), (styles.first, styles.last)

    def picture(self, view: View, *, whole: bool = False) -> Picture:
        """What the view shows, with its recipe; `whole` puts the face back into its photo, at the photo's own size."""
        self.used = time.monotonic()
        face, edit = self.face(view), self.edit(view, whole=whole)
        if edit is None:
            return Picture(face.name, face.image[0].cpu(), face.origin)
        with DRAWING:
            return self.studio.edit(face, edit)

    def has_photo(self, view: View) -> bool:
        """Whether the face can be put back into a photo."""
        photo = self.face(view).photo
        return photo is not None and photo.crop is not None and photo.source is not None

    def photo(self, view: View) -> Image | None:
        """The whole photo of the view's face, where it was kept."""
        photo = self.face(view).photo
        return None if photo is None or photo.crop is None else photo.picture()

    def before(self, view: View, side: int = 512) -> Image:
        """The face unedited: the photo's crop where there is one and edits keep it, else the network's picture."""
        face = self.face(view)
        image = face.photo.face() if face.photo is not None and view.transfer != "none" else face.image
        return _sized(to_picture(image[0]), side)

    def jpeg(self, view: View, side: int = 512) -> bytes:
        """The view for looking at, side × side: small to send, quick to make; files are for `picture`."""
        return _jpeg(_sized(self.picture(view).show(), side))

    def jpeg_before(self, view: View, side: int = 512) -> bytes:
        """The unedited face, the same way."""
        return _jpeg(self.before(view, side))

    def jpeg_whole(self, view: View, side: int = 1024, *, before: bool = False) -> bytes:
        """The whole photo with its face edited (or as it was), at most so large."""
        picture = self.photo(view)
        if picture is None:
            raise BadInput(f"no photo of '{view.name}' was kept; open the photo again")
        return _jpeg(_sized(picture if before else self.picture(view, whole=True).show(), side))

    def keep(self, view: View, name: str) -> Face:
        """Put the view's face on the shelf, edited as it is shown."""
        return self.studio.save(self._edited(view), name)

    def latent_file(self, view: View) -> bytes:
        """The edited latent as the published projector writes it: `w` [1 layers width] in an .npz; of an edit of channels `s`."""
        latent = self._edited(view).latent
        name = "s" if latent.space is Space.S else "w"
        values = latent.values if name == "s" else self.of(view).generator.lift(latent, Space.W_PLUS).values
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{name: values.float().cpu().numpy()})  # type: ignore[arg-type]  # the names of arrays
        return buffer.getvalue()

    def _edited(self, view: View) -> Face:
        edit = self.edit(view) if view.edited else None
        face = self.face(view)
        return face if edit is None else self.studio.edited(face, edit)

    def directions(self) -> dict[str, Direction]:
        """The directions of this network by name; a file is read again when it has changed."""
        files = direction_files(self.studio)
        names = [name for name in self.studio.directions() if name in files]
        stamps = {name: tuple((str(path), path.stat().st_mtime_ns) for path in files[name]) for name in names}
        return {
            name: self.noted(("direction", name, stamps[name]), partial(self.studio.direction, name))
            for name in names
        }

    def attributes(self) -> list[str]:
        """What the guide can read, and so what supervised methods can learn."""
        return list(companions.guide(self.studio).names)

    def noted(self, key: Hashable, make: Callable[[], Note]) -> Note:
        """What was found out about a face once and is asked for again with every edit."""
        with self._lock:
            if key in self._noted:
                self._noted.move_to_end(key)
                return self._noted[key]
        found = make()
        with self._lock:
            self._noted[key] = found
            while len(self._noted) > NOTES:
                self._noted.popitem(last=False)
        return found

    def swept_urls(self, face: str, direction: Direction, strengths: Sequence[float]) -> list[str]:
        """A face moved along a direction that need not be kept anywhere, as addresses that hold the pictures themselves."""
        key = ("swept", face, direction, tuple(strengths))
        return self.noted(key, lambda: self._swept(face, direction, strengths))

    @torch.no_grad()
    def _swept(self, face: str, direction: Direction, strengths: Sequence[float]) -> list[str]:
        generator, latent = self.of(View(face)).generator, self.face(View(face)).latent
        with DRAWING:
            images = [generator.render(apply(generator, latent, {direction: step}))[0] for step in strengths]
        return [picture_address(to_picture(image), 160) for image in images]

    def keep_direction(self, direction: Direction) -> None:
        """Into the lab, under a name that can be a file's."""
        check_name(direction.name)
        keep(self.studio, [direction])


def _sized(picture: Image, side: int) -> Image:
    from PIL import Image as pillow

    picture = picture.convert("RGB")
    if max(picture.size) <= side:
        return picture  # the page enlarges
    picture = picture.copy()
    picture.thumbnail((side, side), pillow.Resampling.LANCZOS)
    return picture


def picture_address(picture: Image, side: int) -> str:
    """A picture for looking at as an address that holds it (RFC 2397)."""
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(_sized(picture, side))).decode()}"


def _jpeg(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()
