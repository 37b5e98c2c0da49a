"""Photos as they come: every mode, every turn, damaged ones; and aligned faces as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import BadFile, LatentLabError, NoFace
from latentlab.core.image import load_image, load_picture
from latentlab.faces.export import align_file, crop_of, paste_file
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
        align_file(path, tmp_path / "out")
    assert isinstance(caught.value, NoFace if kind.startswith("one") else BadFile)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_aligned_file_carries_its_crop_and_nothing_of_the_photo(
    tmp_path: Path, portrait: Image.Image, found: FaceInPhoto
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    portrait.save(tmp_path / "me.png", exif=exif)
    (written,) = align_file(tmp_path / "me.png", tmp_path / "out", size=128)

    assert written.path == tmp_path / "out" / "me.png"
    assert (written.face, written.count) == (1, 1)
    assert crop_of(written.path) == found.crop.resized(128)
    assert b"camera" not in written.path.read_bytes()
    assert str(tmp_path).encode() not in written.path.read_bytes()
    assert load_image(written.path).shape == (1, 3, 128, 128)


def test_every_face_becomes_a_file(tmp_path: Path, portrait: Image.Image) -> None:
    sheet = Image.new("RGB", (1024, 512))
    sheet.paste(portrait, (0, 0))
    sheet.paste(portrait, (512, 0))
    sheet.save(tmp_path / "two.png")
    written = align_file(tmp_path / "two.png", tmp_path / "out", every=True)
    assert [w.path.name for w in written] == ["two-1.png", "two-2.png"]
    assert [w.path.name for w in align_file(tmp_path / "two.png", tmp_path / "out", face=2)] == ["two-2.png"]


def test_an_edited_file_goes_back_into_its_photo(tmp_path: Path, portrait: Image.Image) -> None:
    portrait.save(tmp_path / "me.png")
    (written,) = align_file(tmp_path / "me.png", tmp_path / "out")
    edited = load_picture(written.path)
    Image.new("RGB", (30, 30), (0, 255, 0)).save(tmp_path / "patch.png")
    edited.paste(Image.new("RGB", (30, 30), (0, 255, 0)), (110, 140))
    edited.save(tmp_path / "edited.png")

    back = paste_file(tmp_path / "me.png", written.path, tmp_path / "edited.png", tmp_path / "back.png")
    x, y = (round(v) for v in crop_of(written.path).to_photo(torch.tensor([[125.0, 155.0]]))[0].tolist())
    assert load_picture(back).getpixel((x, y))[1] > 240
    with pytest.raises(BadFile, match="carries no"):
        paste_file(tmp_path / "me.png", tmp_path / "edited.png", tmp_path / "edited.png", tmp_path / "x.png")


def test_a_head_turned_away_is_noted(found: FaceInPhoto) -> None:
    from dataclasses import replace

    assert not any("turned" in note for note in found.notes)
    points = list(found.crop.landmarks)
    points[30] = (points[45][0] + 5, points[30][1])
    away = replace(found, crop=replace(found.crop, landmarks=tuple(points)))
    assert any("more than about 45°" in note for note in away.notes)
