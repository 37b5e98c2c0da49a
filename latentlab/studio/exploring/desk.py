"""A desk: the faces one session works with, and pictures of them at the speed of a slider; the networks are shared."""

from __future__ import annotations

import io
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput
from latentlab.core.face import Face
from latentlab.core.image import to_picture
from latentlab.core.latent import Space
from latentlab.store.home import check_name
from latentlab.studio.discovery.discover import keep
from latentlab.studio.exploring.view import View
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.shelf import companions
from latentlab.studio.studio import Studio

if TYPE_CHECKING:
    from PIL.Image import Image


FACES = 64
"""Faces that a desk keeps in memory; the longest unused goes first, uploads last of all."""
QUALITY = 90
IDLE_SECONDS = 180
"""A page that lost its connection may come back for so long; then its desk is cleared."""
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
        self._lock = threading.Lock()

    @cached_property
    def folder(self) -> Path:
        """Where this session's uploads lie until it ends."""
        return Path(tempfile.mkdtemp(prefix="latentlab-desk-"))

    def close(self) -> None:
        """Forget the faces and delete the files."""
        self._faces.clear()
        self._own.clear()
        if "folder" in vars(self):
            shutil.rmtree(self.folder, ignore_errors=True)
            del self.folder

    def put(self, face: Face) -> str:
        """Lay a face on the desk; what a view calls it by."""
        name = f"desk:{secrets.token_hex(4)}"
        with self._lock:
            self._own[name] = face
        return name

    def face(self, view: View) -> Face:
        """The face of a view.

        Raises:
            BadInput: a face of another session, or one that is no longer there.
        """
        if view.face in self._own:
            return self._own[view.face]
        if view.face.startswith("desk:"):
            raise BadInput("this face was on another session's desk and is gone; upload the photo again")
        key = f"{view.face}@{view.psi:g}"
        with self._lock:
            if key in self._faces:
                self._faces.move_to_end(key)
                return self._faces[key]
        face = self.studio.face(view.name) if view.seed is None else self.studio.sample(view.seed, view.psi)
        with self._lock:
            self._faces[key] = face
            while len(self._faces) > FACES:
                self._faces.popitem(last=False)
        return face

    def forget(self, view: View) -> None:
        """Read the face anew when it is next asked for: it was renamed, deleted or inverted again."""
        with self._lock:
            for key in [key for key in self._faces if key.startswith(f"{view.face}@")]:
                del self._faces[key]

    def picture(self, view: View) -> Picture:
        """What the view shows, with its recipe."""
        self.used = time.monotonic()
        face, strengths = self.face(view), dict(view.strengths)
        if not strengths and face.photo is not None and view.transfer != "none":
            strengths = dict.fromkeys(
                self.studio.directions()[:1], 0.0
            )  # an edit by nothing: the photo itself
        if not strengths:
            return Picture(face.name, face.image[0].cpu(), face.origin)
        with DRAWING:
            return self.studio.edit(face, Edit(strengths, transfer=view.transfer))

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

    def keep(self, view: View, name: str) -> Face:
        """Put the view's face on the shelf, edited as it is shown."""
        face = self.face(view)
        edited = self.studio.edited(face, Edit(dict(view.strengths))) if view.strengths else face
        return self.studio.save(edited, name)

    def latent_file(self, view: View) -> bytes:
        """The edited latent as the published projector writes it: `w` [1 layers width] in an .npz."""
        face = self.face(view)
        if view.strengths:
            face = self.studio.edited(face, Edit(dict(view.strengths)))
        values = self.studio.generator.lift(face.latent, Space.W_PLUS).values
        buffer = io.BytesIO()
        np.savez_compressed(buffer, w=values.float().cpu().numpy())
        return buffer.getvalue()

    def attributes(self) -> list[str]:
        """What the guide can read, and so what supervised methods can learn."""
        return list(companions.guide(self.studio).names)

    @torch.no_grad()
    def swept(
        self, face: str, direction: Direction, strengths: Sequence[float], side: int = 160
    ) -> list[Image]:
        """A face moved along a direction that need not be kept anywhere."""
        latent = self.studio.generator.lift(self.face(View(face)).latent, direction.space)
        with DRAWING:
            images = [
                self.studio.generator.render(direction.apply(latent, strength))[0] for strength in strengths
            ]
        return [_sized(to_picture(image), side) for image in images]

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


def _jpeg(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=QUALITY, subsampling=0)
    return buffer.getvalue()


@dataclass(eq=False)
class Desks:
    """The desks of all sessions of one server; they share the networks and nothing else."""

    network: str
    home: Path
    device: str = "auto"

    def __post_init__(self) -> None:
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Load what the first picture needs before anybody asks for it; a network that cannot be read is said at once."""
        desk = self.new()
        try:
            desk.jpeg(View(strengths=dict.fromkeys(desk.studio.directions()[:1], 0.5)))
        finally:
            self.remove(desk.token)

    def new(self) -> Desk:
        """A desk for a new session."""
        desk = Desk(Studio(network=self.network, device=self.device, home=self.home))
        with self._lock:
            self._desks[desk.token] = desk
        return desk

    def get(self, token: str) -> Desk:
        """The desk of a token; BadInput where there is none."""
        desk = self._desks.get(token)
        if desk is None:
            raise BadInput("the session has ended; load the page again")
        desk.used = time.monotonic()
        return desk

    def remove(self, token: str) -> None:
        """Clear a desk away."""
        with self._lock:
            desk = self._desks.pop(token, None)
        if desk is not None:
            desk.close()

    def sweep(self, alive: Callable[[str], bool], idle: float = IDLE_SECONDS) -> int:
        """Clear the desks that were not asked for so long and whose token is not `alive`; how many."""
        now = time.monotonic()
        gone = [token for token, desk in self._desks.items() if now - desk.used > idle and not alive(token)]
        for token in gone:
            self.remove(token)
        return len(gone)

    def close(self) -> None:
        """Clear all of them."""
        for token in list(self._desks):
            self.remove(token)

    def __len__(self) -> int:
        return len(self._desks)
