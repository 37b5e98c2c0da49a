"""From a photo to one aligned face: detect, choose, find the landmarks, cut out; what `latentlab align` does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.crop import Crop
from latentlab.core.errors import SideView
from latentlab.core.image import load_picture
from latentlab.core.shapes import Images
from latentlab.faces.align import align
from latentlab.faces.detect import DetectedFace, choose_face, find_faces
from latentlab.faces.landmarks import find_landmarks

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class FaceInPhoto:
    """An aligned face, the photo it came from, and how to get back."""

    image: Images
    """[1 3 size size] in [-1, 1]."""
    crop: Crop
    picture: Image
    """The whole photo, upright RGB."""
    detected: DetectedFace
    count: int
    """How many faces the photo shows."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about this face, one line each."""
        notes = []
        if self.detected.profile:
            notes.append("the head is turned far to the side; alignment and landmarks are guesses")
        elif not 0 < _nose_between_eyes(self.crop) < 1:
            notes.append("the head is turned by more than about 45°; what is done to this face is less sure")
        if self.crop.scale < 0.5:
            pixels = round(self.crop.scale * self.crop.size)
            notes.append(f"the face is small: {pixels} pixels were enlarged to {self.crop.size}")
        return tuple(notes)


def face_in_photo(
    photo: Path | str | Image,
    size: int = 256,
    face: int | None = None,
    *,
    allow_profile: bool = False,
    glance: int | None = None,
) -> FaceInPhoto:
    """One face of a photo (a file or an RGB picture), aligned as FFHQ does; `face` counts from the left, from 1.

    With `glance` a copy of at most so many pixels is searched first, which is enough for portraits.

    Raises NoFace (none, several and no choice, or a profile unless allowed) and BadFile.
    """
    picture, name = _opened(photo)
    faces = find_faces(picture, glance)
    chosen = choose_face(faces, face, name)
    if chosen.profile and not allow_profile:
        raise SideView(
            f"the face in {name} is seen from the side or hardly to be seen (only the profile detector finds it); "
            "use a photo from the front, or take it all the same with `profile`"
        )

    aligned = align(picture, find_landmarks(picture, chosen), size)
    return FaceInPhoto(aligned.image, aligned.crop, picture, chosen, len(faces))


def faces_in_photo(photo: Path | str | Image, size: int = 256) -> list[FaceInPhoto]:
    """Every face of a photo, aligned, from left to right, profiles included; NoFace where there is none."""
    picture, name = _opened(photo)
    faces = find_faces(picture)
    if not faces:
        choose_face(faces, name=name)
    cuts = [align(picture, find_landmarks(picture, face), size) for face in faces]
    return [FaceInPhoto(c.image, c.crop, picture, f, len(faces)) for c, f in zip(cuts, faces, strict=True)]


def _nose_between_eyes(crop: Crop) -> float:
    """How far along the line of the eyes' outer corners the nose's tip stands: .5 from the front, 0 or 1 at some 45°."""
    (ax, ay), (bx, by), (x, y) = (crop.landmarks[place] for place in (36, 45, 30))
    across, down = bx - ax, by - ay
    return ((x - ax) * across + (y - ay) * down) / max(across**2 + down**2, 1e-9)


def _opened(photo: Path | str | Image) -> tuple[Image, str]:
    if isinstance(photo, (str, Path)):
        return load_picture(photo), str(photo)
    return photo, "the photo"
