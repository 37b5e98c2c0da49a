"""Where the faces are in a photo: dlib's detectors at several scales, turned and in profile where need be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from latentlab.core.errors import NoFace, SeveralFaces
from latentlab.faces.dlib_models import frontal_detector, profile_detector
from latentlab.faces.turn import Turned, turned

if TYPE_CHECKING:
    from PIL.Image import Image

SIDES = (1200, 2400)
"""Longest sides of the copies searched for upright faces; small photos are not enlarged beyond need."""
PORTRAIT = 0.12
"""A face this wide, as a share of the photo's longest side, is what the photo is about: no smaller ones are sought."""
TURNED_SIDE = 480
TURNS = (90, 270, 180, 45, 315, 135, 225)
"""Degrees tried, in this order, on a small copy when nothing stands upright."""
PROFILE_SIDE = 400
SURE, UNSURE = 0.25, 0.0
"""Least scores of the frontal detector: at first sight, and once nothing better was found."""
SMALLEST = 16
"""Photos with a shorter side hold no face that could be told from noise."""


@dataclass(frozen=True)
class DetectedFace:
    """One face in a photo."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom around the face in the turned photo, in its pixels at full size."""
    score: float
    """How sure the detector is; about 0 to 3."""
    turn: int = 0
    """By how many degrees counter-clockwise the photo is turned for the face to stand upright."""
    profile: bool = False
    """Seen only by the profile detector: the head is turned far to the side, landmarks are guesses."""
    centre: tuple[float, float] = (0.0, 0.0)
    """Middle of the face in the photo as it is."""
    place: int = 1
    """Its number, counted from the picture's left: 1 is the leftmost face."""

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]


def find_faces(picture: Image, side: int | None = None) -> list[DetectedFace]:
    """Every face of an RGB picture, from left to right; an empty list where there is none.

    With `side` a copy of at most so many pixels is searched first: where it shows a face as large as a portrait's, that
    is the answer.
    """
    if min(picture.size) < SMALLEST:
        return []
    found = (side and _glance(picture, side)) or _upright(picture) or _turned(picture) or _profiles(picture)
    return _numbered(found)


def find_upright(picture: Image) -> list[DetectedFace]:
    """The upright faces at first sight, from left to right: quick, for frames of a clip."""
    if min(picture.size) < SMALLEST:
        return []
    longest = max(picture.size)
    return _numbered(_search(turned(picture, 0, min(SIDES[0] / longest, max(1.0, 256 / longest))), SURE))


def _numbered(found: Sequence[DetectedFace]) -> list[DetectedFace]:
    ordered = sorted(found, key=lambda face: face.centre)
    return [
        DetectedFace(f.box, f.score, f.turn, f.profile, f.centre, place)
        for place, f in enumerate(ordered, start=1)
    ]


def choose_face(
    faces: Sequence[DetectedFace], number: int | None = None, name: str = "the photo"
) -> DetectedFace:
    """The only face, or face `number` counted from the left; NoFace where that is not possible."""
    if not faces:
        raise NoFace(
            f"found no face in {name}; use a photo that shows one from the front, at least 40 pixels wide"
        )
    if number is None:
        if len(faces) > 1:
            raise SeveralFaces(
                f"found {len(faces)} faces in {name}; choose one with `face` 1..{len(faces)}, counted from the left"
            )
        return faces[0]
    if not 1 <= number <= len(faces):
        seen = "one face" if len(faces) == 1 else f"{len(faces)} faces"
        raise NoFace(f"found {seen} in {name}, so there is no face {number}; choose `face` 1..{len(faces)}")
    return faces[number - 1]


def _glance(picture: Image, side: int) -> list[DetectedFace]:
    """Faces on a small copy; none where the photo may be about something smaller."""
    longest = max(picture.size)
    if longest <= side:
        return []  # the full search is no larger
    found = _search(turned(picture, 0, side / longest), SURE)
    return found if any(face.width > longest * PORTRAIT for face in found) else []


def _upright(picture: Image) -> list[DetectedFace]:
    longest = max(picture.size)
    first = min(SIDES[0] / longest, max(1.0, 256 / longest))
    found = _search(turned(picture, 0, first), SURE)
    if any(face.width > longest * PORTRAIT for face in found):
        return found
    # nothing, or small faces, beside which there may be smaller ones
    second = min(SIDES[1] / longest, 2 * first)
    return _search(turned(picture, 0, second), SURE if found else UNSURE) or found


def _turned(picture: Image) -> list[DetectedFace]:
    scale = min(TURNED_SIDE / max(picture.size), 2.0)
    for turn in TURNS:
        if found := _search(turned(picture, turn, scale), SURE):
            return found
    return []


def _search(view: Turned, least: float) -> list[DetectedFace]:
    boxes, scores, _ = frontal_detector().run(view.pixels, 0, least)
    return _apart([_face(view, box, score) for box, score in zip(boxes, scores, strict=True)])


def _profiles(picture: Image) -> list[DetectedFace]:
    view = turned(picture, 0, min(PROFILE_SIDE / max(picture.size), 2.0))
    found = [hit for hit in profile_detector()(view.pixels, 0) if hit.confidence > 0.4]
    return _apart([_face(view, hit.rect, hit.confidence, profile=True) for hit in found])


def _apart(faces: list[DetectedFace]) -> list[DetectedFace]:
    """Without those that lie on a surer face, and without faint ones beside a sure one."""
    kept: list[DetectedFace] = []
    for face in sorted(faces, key=lambda face: -face.score):
        distance = [
            np.hypot(*np.subtract(face.centre, other.centre)) / max(face.width, other.width) for other in kept
        ]
        if min(distance, default=1.0) > 0.5 and (not kept or face.score > 0.15 * kept[0].score):
            kept.append(face)
    return kept


def _face(view: Turned, rect: object, score: float, *, profile: bool = False) -> DetectedFace:
    sides = np.array([rect.left(), rect.top(), rect.right() + 1, rect.bottom() + 1]) / view.scale  # type: ignore[attr-defined]
    left, top, right, bottom = (float(v) for v in sides)
    x, y = view.to_photo(np.array([[(left + right) / 2, (top + bottom) / 2]]) * view.scale - 0.5)[0]
    return DetectedFace((left, top, right, bottom), float(score), view.degrees, profile, (float(x), float(y)))
