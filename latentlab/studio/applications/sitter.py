"""Who an application is done to: a face of the lab or of a photo, at its own resolution, with the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from latentlab.core.errors import MissingPart, NoFace
from latentlab.core.face import Face, Photo
from latentlab.core.ranges import FaceNumber, check
from latentlab.core.shapes import Images
from latentlab.inversion.inverter import Inverter
from latentlab.networks.regressor import fit_to
from latentlab.store.home import entries, safe_name
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.carry import SMALLEST, own_size, put_back
from latentlab.studio.portraits.faces import Source, find_face
from latentlab.studio.portraits.request import Invert
from latentlab.studio.portraits.which import for_source
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.shelf.latents import LOOSE

if TYPE_CHECKING:
    from PIL.Image import Image

    from latentlab.faces.photo import FaceInPhoto

Request = TypeVar("Request")
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True)
class Choice:
    """Which face of a photo, and in what form it is handed back."""

    face: FaceNumber | None = None
    """Which face of a photo with several: 1 is the leftmost."""
    like: Path | None = None
    """Of several faces, the one most like the person in this photo."""
    profile: bool = False
    """Also accept faces seen from the side."""
    aligned: bool = False
    """Give the aligned face alone, not the photo with it."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, eq=False)
class Sitter:
    """One face, looked at."""

    name: str
    image: Images
    """The aligned face at its photo's resolution, [1 3 s s]."""
    landmarks: Tensor
    """[68 2], in its pixels."""
    photo: Photo | None
    """The way back; None for a face that no photo shows."""
    face: Face | None
    """Its latent, where one was asked for."""
    notes: tuple[str, ...] = ()
    """What the user should know, one line each."""

    def picture(self, image: Images, name: str, recipe: Mapping[str, object], *, aligned: bool) -> Picture:
        """The edited face [1 3 s s] back in its photo, or alone; marked as what it is."""
        source = COMPOSITE if self.photo is not None else "trainedAlgorithmicMedia"
        if aligned or self.photo is None or self.photo.crop is None:
            return Picture(name, image[0].cpu(), recipe, source)
        whole = self.photo.picture()
        if whole is None:
            raise MissingPart(f"the photo of '{self.name}' was not kept; invert it again, or take `aligned`")
        return Picture(name, put_back(self.photo, whole, image.cpu()), recipe, source)


def with_choice(kind: type[Request], values: Mapping[str, Any]) -> Request:
    """A request of flat values: those of `Choice` among its own."""
    own = {one.name for one in fields(Choice)}
    choice = Choice(**{name: value for name, value in values.items() if name in own})
    given: dict[str, Any] = {name: value for name, value in values.items() if name not in own}
    return kind(**given, **{"choice": choice})


def find_sitter(
    given: Ingredients, role: str, source: Source | Sitter, choice: Choice, *, latent: bool = False,
    method: Inverter | None = None,
) -> Sitter:  # fmt: skip
    """The face of a role (`face`, `reference`, `source`); a photo is inverted only where its latent is wanted.

    An inversion by another `method` than `auto` has a name of its own in the lab, beside the photo's usual one. A sitter
    was looked at before and stands for itself: who made it has noted where it came from.
    """
    if isinstance(source, Sitter):
        return source
    shown = _photo_of(given.studio, source) if given.pinned is None else None
    if shown is not None:
        path, name, choice = shown.path, shown.name, replace(choice, face=choice.face or shown.number)
        number = _number(given, path, choice)
        if not latent:
            return _seen(given.photo(role, path), number, choice, name)
        own = "" if number is None else f"-face{number}"
        named: dict[str, Any] = {} if method is None else {"method": method, "name": f"{name}{own}-passes"}
        if shown.kept and method is None:
            named = {"name": f"{name}-{given.studio.name}"}
        source = _inverted(given.studio, path, Invert(face=number, profile=choice.profile, **named))
    if given.has("photos", role):
        path = given.photo(role)
        return _seen(path, _number(given, path, choice), choice)
    return _of_face(given.face(role, source))


@dataclass(frozen=True)
class Shown:
    """A photo that a source stands for."""

    path: Path
    name: str
    number: int | None = None
    """Which of its faces."""
    kept: bool = False
    """The lab kept it, of an inversion in the network that photographs get: in this one its face has no latent yet."""


def _photo_of(lab: Lab, source: Source) -> Shown | None:
    """The photo of a source: a picture file, or what was kept of an inversion in another network than this."""
    if is_photo(lab, source):
        path = Path(str(source))
        return Shown(path, safe_name(path.name))
    place = for_source(lab, source)
    if place.network == lab.network:
        return None
    face = find_face(place, source)
    if face.photo is None or not isinstance(face.photo.source, Path):
        return None
    asked = face.origin.get("asked")
    number = asked.get("face") if isinstance(asked, Mapping) else None
    return Shown(face.photo.source, face.name, number if isinstance(number, int) else None, kept=True)


def _number(given: Ingredients, path: Path, choice: Choice) -> int | None:
    if choice.like is None:
        return choice.face
    return most_alike(path, given.file(choice.like, "reference"))


def is_photo(lab: Lab, source: Source) -> bool:
    """Whether a source is a picture file that no inversion stands for."""
    if source is None or isinstance(source, Face) or str(source) in entries(lab.home):
        return False
    path = Path(source)
    return path.is_file() and path.suffix.lower() not in (".safetensors", *LOOSE)


def most_alike(photo: Path, like: Path) -> int | None:
    """The number of the face in a photo that dlib takes for the person of another photo; None where there is but one."""
    from latentlab.faces.identity import distances, embed
    from latentlab.faces.photo import face_in_photo, faces_in_photo

    found = faces_in_photo(photo)
    if len(found) == 1:
        return None
    wanted = embed(face_in_photo(like).image)
    seen = embed(torch.cat([one.image for one in found]))
    nearest = int(distances(seen, wanted.expand(len(seen), -1)).argmin())
    return found[nearest].detected.place


def _inverted(lab: Lab, path: Path, how: Invert) -> Face:
    from latentlab.studio.portraits.invert import invert

    return invert(lab.for_samples, [path], how)[0]


def _seen(path: Path, number: int | None, choice: Choice, name: str = "") -> Sitter:
    from latentlab.faces.photo import face_in_photo

    found = face_in_photo(path, SMALLEST, number, allow_profile=choice.profile)
    name = name or safe_name(path.name)
    return seated(found, path, name if number is None else f"{name}-face{number}")


def seated(found: FaceInPhoto, source: Path | Image, name: str) -> Sitter:
    """A face that was found in a photo (its file, or an upright RGB picture), at the photo's own resolution."""
    photo = Photo(found.image, source, found.crop)
    image = own_size(photo)
    known = found.crop.resized(image.shape[-1]).aligned_landmarks
    assert known is not None, "the crop was set by them"
    return Sitter(name, image, known, photo, None, found.notes)


def _of_face(face: Face) -> Sitter:
    """A face with a latent: its photo where it has one, else the network's picture, large enough for landmarks."""
    image = fit_to(face.image.detach().clamp(-1, 1), max(SMALLEST, face.image.shape[-1]))
    if face.photo is not None:
        image = own_size(face.photo, 8 * face.image.shape[-1])
    image = image.cpu().float()
    return Sitter(face.name, image, landmarks_of(image, face.name), face.photo, face)


def landmarks_of(image: Images, name: str) -> Tensor:
    """The 68 points [68 2] of an aligned face; NoFace where no detector sees one."""
    from latentlab.faces.landmarks import aligned_landmarks

    found = aligned_landmarks(image.clamp(-1, 1))
    if not bool(found.found[0]):
        raise NoFace(f"no face is found in the picture of '{name}'; use one that shows a face from the front")
    return found.points[0]
