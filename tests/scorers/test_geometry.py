"""Measures from landmarks: poses that are known come back, turning the head keeps the mouth's width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from latentlab.core.errors import BadInput
from latentlab.faces.photo import face_in_photo
from latentlab.scorers import SCORERS, UNTRAINED
from latentlab.scorers.geometry import Geometry, measure
from latentlab.scorers.mean_face import estimate, save
from latentlab.scorers.pose import MeanFace, angles, fit_pose, mean_face, rotation


def drawn_angles(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    spread = torch.tensor([50.0, 25.0, 30.0], dtype=torch.float64)
    draws = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    yaw, pitch, roll = (draws * spread).unbind(1)
    return yaw, pitch, roll


def seen(
    face: MeanFace, yaw: torch.Tensor, pitch: torch.Tensor, roll: torch.Tensor, scale: float = 40.0
) -> torch.Tensor:
    """The mean points as pictures show them: turned, from far away, y down."""
    turned = face.points.to(yaw) @ rotation(yaw, pitch, roll).transpose(1, 2)
    return scale * turned[..., :2] * torch.tensor([1.0, -1.0]).to(yaw) + 128


def test_angles_and_rotations_are_inverse() -> None:
    drawn = drawn_angles(50)
    for back, there in zip(angles(rotation(*drawn)), drawn, strict=True):
        assert torch.allclose(back, there)


def test_the_signs_are_those_of_the_picture() -> None:
    one = torch.tensor([20.0], dtype=torch.float64)
    nil = torch.zeros_like(one)
    assert rotation(one, nil, nil)[0, 0, 2] > 0  # yaw: the face looks to the picture's right
    assert rotation(nil, one, nil)[0, 1, 2] > 0  # pitch: it looks up
    assert rotation(nil, nil, one)[0, 1, 0] < 0  # roll: its right side goes down, clockwise


def test_the_pose_of_the_mean_face_comes_back() -> None:
    face = mean_face()
    yaw, pitch, roll = drawn_angles(30)
    pose = fit_pose(seen(face, yaw, pitch, roll))
    assert (pose.yaw - yaw).abs().max() < 0.1
    assert (pose.pitch - pitch).abs().max() < 0.1
    assert (pose.roll - roll).abs().max() < 0.1
    assert (pose.scale - 40).abs().max() < 0.1
    assert pose.residual.max() < 1e-3


def test_noise_on_the_points_turns_the_pose_by_little() -> None:
    yaw, pitch, roll = drawn_angles(30)
    points = seen(mean_face(), yaw, pitch, roll)
    noisy = points + torch.randn(
        points.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    pose = fit_pose(noisy)
    assert (pose.yaw - yaw).abs().mean() < 1.0
    assert (pose.pitch - pitch).abs().mean() < 2.0


def test_a_mean_face_is_estimated_from_pictures_of_known_pose() -> None:
    truth = mean_face()
    yaw, pitch, roll = drawn_angles(60, seed=2)
    points = seen(truth, yaw, pitch, roll)
    jitter = torch.randn(points.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    jitter[:, :17] *= 4  # the jaw is unsteady
    start = truth.points * torch.tensor([1.0, 1.0, 0.4])

    found = estimate(points + 0.5 * jitter, yaw, pitch, start)
    assert (found.points - (truth.points - truth.points.mean(0))).norm(dim=1).mean() < 0.02
    assert found.weights[:17].mean() < 0.5 * found.weights[17:].mean()


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(BadInput, match="too few"):
        estimate(torch.zeros(3, 68, 2), torch.zeros(3), torch.zeros(3), torch.zeros(68, 3))


def test_a_mean_face_is_written_as_it_is_read(tmp_path: Path) -> None:
    import json

    face = mean_face()
    save(face, tmp_path / "mean_face.json")
    entries = json.loads((tmp_path / "mean_face.json").read_text(encoding="utf-8"))
    assert torch.allclose(torch.tensor(entries["points"]), face.points)
    assert entries["source"] == face.source


def moved(points: torch.Tensor, places: list[int], by: tuple[float, float]) -> torch.Tensor:
    result = points.clone()
    result[:, places] += torch.tensor(by, dtype=points.dtype)
    return result


def test_each_measure_follows_its_landmarks() -> None:
    nil = torch.zeros(1, dtype=torch.float64)
    neutral = seen(mean_face(), nil, nil, nil)
    columns = {name: i for i, name in enumerate(Geometry.names)}

    def change(points: torch.Tensor) -> dict[str, float]:
        apart = (measure(points) - measure(neutral))[0]
        return {name: apart[i].item() for name, i in columns.items()}

    corners_out = moved(moved(neutral, [48], (-4.0, -2.0)), [54], (4.0, -2.0))
    assert change(corners_out)["landmark_smile"] == pytest.approx((8 + 2) / 40, abs=0.03)
    gap = moved(neutral, [65, 66, 67], (0.0, 6.0))
    assert change(gap)["landmark_mouth_open"] == pytest.approx(6 / 40, abs=0.02)
    shut = moved(neutral, [37, 38, 43, 44], (0.0, 2.0))
    assert change(shut)["landmark_eye_open"] == pytest.approx(-2 / 40, abs=0.01)


def test_lengths_do_not_follow_the_pose() -> None:
    yaw, pitch, roll = drawn_angles(20, seed=4)
    nil = torch.zeros(1, dtype=torch.float64)
    straight = measure(seen(mean_face(), nil, nil, nil))[:, 3:]
    turned = measure(seen(mean_face(), yaw * 0.6, pitch * 0.6, roll))[:, 3:]
    assert (turned - straight).abs().max() < 0.12


def portrait() -> torch.Tensor:
    from skimage import data

    return face_in_photo(Image.fromarray(data.astronaut())).image


def test_a_portrait_is_measured_and_its_mirror_image_mirrors() -> None:
    image = portrait()
    scores = Geometry()(torch.cat([image, image.flip(-1)]))
    assert scores.shape == (2, 6)
    yaw, pitch, roll = scores[0, :3].tolist()
    assert max(abs(yaw), abs(pitch), abs(roll)) < 20
    assert scores[1, 0].item() == pytest.approx(-yaw, abs=4)
    assert scores[0, 3:].tolist() == pytest.approx(scores[1, 3:].tolist(), abs=0.08)


@pytest.mark.parametrize("name", UNTRAINED)
def test_untrained_scorers_say_nan_where_no_face_is_seen(name: str) -> None:
    images = torch.cat([portrait(), torch.zeros(1, 3, 256, 256)])
    scorer = SCORERS.build(name)
    scores = scorer(images)
    assert scores.shape == (2, len(scorer.names))
    assert scores[0].isfinite().all()
    assert scores[1].isnan().all()
    assert set(scorer.units) == set(scorer.names)
    assert len(scorer.hash) == 64


@pytest.mark.parametrize("name", UNTRAINED)
def test_untrained_scorers_take_no_images(name: str) -> None:
    scorer = SCORERS.build(name)
    assert scorer(torch.zeros(0, 3, 64, 64)).shape == (0, len(scorer.names))


def test_names_of_all_untrained_scorers_differ() -> None:
    names = [name for scorer in UNTRAINED for name in SCORERS.build(scorer).names]
    assert len(names) == len(set(names))


@pytest.mark.slow
def test_rendered_poses_come_back(face_model_path: Path) -> None:
    from latentlab.world.laws import draw_faces
    from latentlab.world.render import load_renderer

    faces = [replace(face, glasses="none", pitch=0.0) for face in draw_faces(6, "natural", 5)]
    turned = [replace(face, yaw=20.0) for face in faces]
    straight = [replace(face, yaw=0.0) for face in faces]
    renderer = load_renderer(face_model_path)
    scores = [Geometry()(renderer.render(some, 256).images)[:, 0] for some in (straight, turned)]
    change = scores[1] - scores[0]
    assert change.nanmean().item() == pytest.approx(20, abs=5)
