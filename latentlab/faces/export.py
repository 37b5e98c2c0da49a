"""Aligned faces as files, each with the record of its crop, so that an edited one finds its way back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.core.files import atomic
from latentlab.core.image import STORY_KEY, load_image, load_picture, read_story, save_image, to_picture
from latentlab.faces.crop import Crop
from latentlab.faces.paste import paste_back
from latentlab.faces.photo import FaceInPhoto, face_in_photo, faces_in_photo

KIND = "aligned face"


@dataclass(frozen=True)
class AlignedFile:
    """One aligned face that was written."""

    path: Path
    face: int
    """Its number in the photo, counted from the left."""
    count: int
    """How many faces the photo shows."""
    notes: tuple[str, ...]
    """What the user should know, one line each."""


def align_file(
    photo: Path | str,
    out: Path | str,
    size: int = 256,
    face: int | None = None,
    *,
    every: bool = False,
    allow_profile: bool = False,
) -> list[AlignedFile]:
    """Write a photo's face (or `every` face) as `NAME.png` (`NAME-1.png` …) into a folder; NoFace, BadFile, BadInput.

    The PNG holds the crop in its metadata, and nothing else of the photo: no place, time or path.
    """
    photo, folder = Path(photo), Path(out)
    if every:
        found = faces_in_photo(photo, size)
    else:
        found = [face_in_photo(photo, size, face, allow_profile=allow_profile)]
    written = []
    for one in found:
        number = one.detected.place
        name = photo.stem if one.count == 1 else f"{photo.stem}-{number}"
        path = write_aligned(one, folder / f"{name}.png")
        written.append(AlignedFile(path, number, one.count, one.notes))
    return written


def write_aligned(face: FaceInPhoto, path: Path | str) -> Path:
    """One aligned face as a PNG that carries its crop."""
    import json

    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt(STORY_KEY, json.dumps({"kind": KIND, "crop": face.crop.to_json()}, sort_keys=True))
    with atomic(path) as temporary:
        to_picture(face.image).save(temporary, format="PNG", pnginfo=info)
    return Path(path)


def crop_of(path: Path | str) -> Crop:
    """The crop in the metadata of an aligned face that we wrote."""
    story = read_story(path)
    crop = story.get("crop")
    if story.get("kind") != KIND or not isinstance(crop, dict):
        raise BadFile(f"{path} carries no crop; make it with: latentlab align PHOTO")
    return Crop.from_json(crop)


def paste_file(photo: Path | str, aligned: Path | str, edited: Path | str, out: Path | str) -> Path:
    """Write the photo with an edited picture in place of its aligned face; the crop is taken from the aligned file."""
    crop = crop_of(aligned)
    whole = paste_back(load_picture(photo), load_image(edited), crop)
    return save_image(whole, Path(out), source="compositeWithTrainedAlgorithmicMedia")
