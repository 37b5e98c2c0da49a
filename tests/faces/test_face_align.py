"""The alignment: what the recipe promises of the square, and the way there and back."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.crop import Crop
from latentlab.core.errors import BadInput
from latentlab.core.image import from_pixels
from latentlab.faces.align import align, cut, frame, from_landmarks


def drawn_landmarks(
    left=(40.0, 50.0), right=(60.0, 50.0), mouth=((44.0, 75.0), (56.0, 75.0))
) -> torch.Tensor:
    """68 points of which only those that the recipe reads are set: both eyes, both corners of the mouth."""
    points = torch.zeros(68, 2)
    points[36:42], points[42:48] = torch.tensor(left), torch.tensor(right)
    points[48], points[54] = torch.tensor(mouth[0]), torch.tensor(mouth[1])
    return points


def turned(points: torch.Tensor, degrees: float, about=(50.0, 50.0)) -> torch.Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return (points - torch.tensor(about)) @ turn.T + torch.tensor(about)


def test_the_square_is_the_published_one() -> None:
    square = frame(drawn_landmarks()[None])

    # eyes 20 apart, mouth 25 below: half side max(2·20, 1.8·25) = 45, centre a tenth of the way to the mouth
    assert torch.allclose(square.centre, torch.tensor([[50.0, 52.5]]))
    assert torch.allclose(square.across, torch.tensor([[45.0, 0.0]]), atol=1e-5)
    assert torch.allclose(square.down, torch.tensor([[0.0, 45.0]]), atol=1e-5)


def test_eyes_far_apart_set_the_size() -> None:
    square = frame(drawn_landmarks(left=(30.0, 50.0), right=(70.0, 50.0))[None])
    assert square.across.norm().item() == pytest.approx(80.0)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -135])
def test_the_square_turns_with_the_head(degrees: float) -> None:
    upright = frame(drawn_landmarks()[None])
    tilted = frame(turned(drawn_landmarks(), degrees)[None])

    assert torch.allclose(tilted.centre, turned(upright.centre, degrees), atol=1e-4)
    assert torch.allclose(tilted.across, turned(upright.across, degrees, about=(0.0, 0.0)), atol=1e-4)


def test_the_frame_has_a_gradient() -> None:
    points = (drawn_landmarks() + torch.randn(68, 2, generator=torch.Generator().manual_seed(0)))[
        None
    ].double()
    assert torch.autograd.gradcheck(lambda p: (frame(p).centre, frame(p).across), points.requires_grad_())


@pytest.mark.parametrize("degrees", [0, 20, 200])
def test_points_go_to_the_aligned_face_and_back(degrees: float) -> None:
    crop = from_landmarks(turned(drawn_landmarks(), degrees), (100, 100), size=64)
    points = torch.rand(10, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 100

    assert torch.allclose(crop.to_photo(crop.to_aligned(points)), points)
    assert torch.allclose(
        crop.to_aligned(torch.tensor([crop.centre], dtype=torch.float64)), torch.full((1, 2), 31.5).double()
    )
    corner = crop.to_photo(torch.tensor([[-0.5, -0.5]], dtype=torch.float64))[0]
    assert corner.tolist() == pytest.approx(crop.corners[0])


def test_a_crop_survives_json() -> None:
    crop = from_landmarks(turned(drawn_landmarks(), 17), (100, 120), size=64)
    assert Crop.from_json(json.loads(json.dumps(crop.to_json()))) == crop


@pytest.mark.parametrize(
    "fault",
    [{"size": "wide"}, {"size": 0}, {"across": [0, 0]}, {"centre": [float("nan"), 0]}, {"centre": 3}, {"photo_size": None},
     {"landmarks": [[1, 2]]}, {"photo_size": [100]}],
)  # fmt: skip
def test_an_impossible_crop_record_is_refused(fault: dict) -> None:
    record = from_landmarks(drawn_landmarks(), (100, 100)).to_json() | fault
    with pytest.raises(BadInput, match="align the photo again"):
        Crop.from_json(record)


def gradient_picture(width: int = 160, height: int = 120) -> Image.Image:
    """Red grows with x, green with y, so that a pixel tells where it came from."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], -1).astype(np.uint8))


@pytest.mark.parametrize("degrees", [0, 25, 180])
def test_each_pixel_comes_from_where_the_crop_says(degrees: float) -> None:
    landmarks = turned(drawn_landmarks(), degrees, about=(75.0, 60.0))
    aligned = align(gradient_picture(), landmarks, size=64)

    inner = torch.tensor([[20.0, 24.0], [32.0, 32.0], [40.0, 28.0]])
    expected = aligned.crop.to_photo(inner)
    for (x, y), place in zip(inner.long().tolist(), expected.tolist(), strict=True):
        seen = (aligned.image[0, :2, y, x] + 1) * 127.5
        assert seen.tolist() == pytest.approx(place, abs=1.0)


def test_a_face_at_the_border_is_padded_by_reflection_without_a_black_edge() -> None:
    bright = Image.new("RGB", (100, 100), (200, 180, 160))
    aligned = align(bright, drawn_landmarks() - 45, size=64)
    assert (aligned.image - aligned.image.mean((2, 3), keepdim=True)).abs().max() < 0.02


def test_an_aligned_face_lies_in_the_photo_where_it_was_cut() -> None:
    picture = gradient_picture()
    crop = from_landmarks(turned(drawn_landmarks(), 25, about=(75.0, 60.0)), picture.size, size=128)
    left, top, right, bottom = crop.box
    back = crop.unalign(cut(picture, crop))
    here = from_pixels(np.asarray(picture)[None])[..., top:bottom, left:right]

    inside = crop.unalign(torch.ones(1, 1, 128, 128))[0, 0] > 0.5
    from scipy.ndimage import binary_erosion

    deep = torch.from_numpy(binary_erosion(inside.numpy(), iterations=4))
    assert deep.sum() > 2000
    assert (back - here)[0, :, deep].abs().max() < 2.5 / 127.5


@pytest.mark.parametrize(
    ("landmarks", "words"),
    [(torch.zeros(5, 2), "68 finite points"), (torch.full((68, 2), float("nan")), "68 finite points"),
     (torch.ones(68, 2), "too small to align")],
)  # fmt: skip
def test_impossible_landmarks_are_refused(landmarks: torch.Tensor, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        from_landmarks(landmarks, (100, 100))


def test_a_face_outside_of_the_photo_is_refused() -> None:
    with pytest.raises(BadInput, match="outside of the photo"):
        align(gradient_picture(), drawn_landmarks() + 1000)


def test_an_impossible_size_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot be 0 pixels wide"):
        align(gradient_picture(), drawn_landmarks(), size=0)
