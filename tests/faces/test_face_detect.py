"""Detection, the choice of a face, and the 68 points, on a real portrait."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import NoFace
from latentlab.faces.detect import choose_face, find_faces
from latentlab.faces.landmarks import aligned_landmarks, find_landmarks
from latentlab.faces.photo import FaceInPhoto, face_in_photo, faces_in_photo


def beside(*pictures: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (sum(p.width for p in pictures), max(p.height for p in pictures)), (90, 90, 90))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width
    return sheet


def test_a_portrait_has_one_face_where_the_face_is(portrait: Image.Image) -> None:
    (face,) = find_faces(portrait)
    assert face.centre == pytest.approx((221, 125), abs=12)
    assert face.turn == 0
    assert not face.profile


@pytest.mark.parametrize("degrees", [90, 180, 270, 45])
def test_a_turned_photo_gives_the_same_face(portrait: Image.Image, found: FaceInPhoto, degrees: int) -> None:
    photo = portrait.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    face = face_in_photo(photo)
    assert (face.image - found.image).abs().mean() < 0.09  # the same upright picture, but for resampling


def test_faces_are_numbered_from_the_left(portrait: Image.Image) -> None:
    small = portrait.resize((400, 400))
    faces = find_faces(beside(portrait, small))
    assert [face.place for face in faces] == [1, 2]
    assert faces[0].centre[0] < 512 < faces[1].centre[0]
    assert choose_face(faces, 2) is faces[1]


def test_small_faces_beside_small_faces_are_found(portrait: Image.Image) -> None:
    crowd = Image.new("RGB", (2400, 1700), (120, 120, 120))
    for count, side, top in ((2, 1000, 0), (4, 600, 1050)):
        for column in range(count):
            crowd.paste(
                portrait.resize((side, side), Image.Resampling.LANCZOS), (1200 * 2 // count * column, top)
            )
    assert len(find_faces(crowd)) == 6


def test_several_faces_ask_for_a_choice(portrait: Image.Image) -> None:
    photo = beside(portrait, portrait)
    with pytest.raises(
        NoFace, match=r"found 2 faces in the photo; choose one with `face` 1\.\.2, counted from the left"
    ):
        face_in_photo(photo)
    with pytest.raises(NoFace, match=r"found 2 faces .* no face 3; choose `face` 1\.\.2"):
        face_in_photo(photo, face=3)
    assert face_in_photo(photo, face=2).crop.centre[0] > 512
    assert len(faces_in_photo(photo)) == 2


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (300, 200)])
def test_a_photo_without_a_face_says_so(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    with pytest.raises(NoFace, match="found no face in the photo"):
        face_in_photo(Image.fromarray(noise))


def test_a_number_without_a_face_is_refused(found: FaceInPhoto) -> None:
    with pytest.raises(NoFace, match=r"found one face in x\.jpg, so there is no face 0"):
        choose_face([found.detected], 0, "x.jpg")


def test_a_small_face_is_found_and_noted(portrait: Image.Image) -> None:
    small = portrait.resize((200, 200), Image.Resampling.LANCZOS)
    face = face_in_photo(small)
    assert face.crop.centre == pytest.approx((222 / 2.56, 107 / 2.56), abs=4)
    assert any("the face is small" in note for note in face.notes)


def test_landmarks_scale_with_the_photo(portrait: Image.Image, found: FaceInPhoto) -> None:
    large = portrait.resize((1536, 1536), Image.Resampling.BICUBIC)
    landmarks = find_landmarks(large, find_faces(large)[0])
    apart = (landmarks / 3 - torch.tensor(found.crop.landmarks)).norm(dim=1)
    assert apart.mean() < 2.0  # of a face 90 pixels wide


def test_points_of_an_aligned_face_stay_where_alignment_put_them(found: FaceInPhoto) -> None:
    again = aligned_landmarks(found.image)
    assert again.found.all()
    assert (again.points[0] - found.crop.aligned_landmarks).norm(dim=1).mean() < 3.0  # of 256 pixels

    half = torch.nn.functional.interpolate(found.image, (128, 128), mode="bilinear", antialias=True)
    assert (aligned_landmarks(half).points * 2 - again.points)[0].norm(dim=1).mean() < 3.0


def test_a_picture_without_a_face_still_gets_points_but_is_not_called_found() -> None:
    points = aligned_landmarks(torch.zeros(2, 3, 64, 64))
    assert not points.found.any()
    assert points.points.shape == (2, 68, 2)


def test_no_pictures_give_no_points() -> None:
    assert aligned_landmarks(torch.zeros(0, 3, 64, 64)).points.shape == (0, 68, 2)


def test_every_held_out_photo_has_one_face(photos) -> None:
    names = sorted(photos.glob("*.jpg"))
    counts = {name.name: face_in_photo(name, 128).count for name in names[::5]}
    assert set(counts.values()) == {1}, counts


def test_a_face_that_only_the_profile_detector_sees_is_refused_unless_wanted(
    portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latentlab.faces import detect

    monkeypatch.setattr(detect, "_upright", lambda picture: [])
    monkeypatch.setattr(detect, "_turned", lambda picture: [])
    with pytest.raises(NoFace, match=r"seen from the side .*`profile`"):
        face_in_photo(portrait)
    taken = face_in_photo(portrait, allow_profile=True)
    assert taken.crop.centre == pytest.approx((221, 107), abs=25)
    assert any("guesses" in note for note in taken.notes)
