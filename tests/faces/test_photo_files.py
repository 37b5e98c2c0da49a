"""Photos as they come: every mode, every turn, damaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.core.errors import BadFile, LatentLabError, NoFace
from latentlab.faces.photo import FaceInPhoto, face_in_photo


def sixteen_bit(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)


@pytest.mark.parametrize("kind", ["L", "CMYK", "P", "RGBA", "LA", "16 bit"])
def test_every_kind_of_photo_works(
    tmp_path: Path, portrait: Image.Image, found: FaceInPhoto, kind: str
) -> None:
    picture = sixteen_bit(portrait) if kind == "16 bit" else portrait.convert(kind)
    path = tmp_path / ("photo.tiff" if kind == "CMYK" else "photo.png")
    picture.save(path)
    crop = face_in_photo(path).crop
    assert crop.centre == pytest.approx(found.crop.centre, abs=4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_turned_by_exif_stand_upright(
    tmp_path: Path, portrait: Image.Image, found: FaceInPhoto, orientation: int
) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = portrait.transpose(undo[orientation]) if orientation in undo else portrait
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.png", exif=exif)
    face = face_in_photo(tmp_path / "photo.png")
    assert face.detected.turn == 0
    assert (face.image - found.image).abs().mean() < 0.01


def broken(tmp_path: Path, portrait: Image.Image, kind: str) -> Path:
    path = tmp_path / f"{kind.replace(' ', '_')}.png"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a text":
        path.write_text("no picture")
    elif kind == "truncated":
        portrait.save(path)
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "one pixel":
        Image.new("RGB", (1, 1)).save(path)
    elif kind == "one row":
        Image.new("RGB", (2000, 1)).save(path)
    elif kind == "huge":
        Image.new("1", (30_000, 30_000)).save(path)
    return path


@pytest.mark.parametrize(
    "kind", ["a folder", "a text", "truncated", "empty", "missing", "huge", "one pixel", "one row"]
)
def test_what_is_no_photo_of_a_face_is_said_in_one_line(
    tmp_path: Path, portrait: Image.Image, kind: str
) -> None:
    path = broken(tmp_path, portrait, kind)
    with pytest.raises(LatentLabError) as caught:
        face_in_photo(path)
    assert isinstance(caught.value, NoFace if kind.startswith("one") else BadFile)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ("shrink it" in str(caught.value)) == (kind == "huge")


def test_a_head_turned_away_is_noted(found: FaceInPhoto) -> None:
    from dataclasses import replace

    assert not any("turned" in note for note in found.notes)
    points = list(found.crop.landmarks)
    points[30] = (points[45][0] + 5, points[30][1])
    away = replace(found, crop=replace(found.crop, landmarks=tuple(points)))
    assert any("more than about 45°" in note for note in away.notes)
