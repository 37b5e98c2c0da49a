"""Colours inside landmark regions: painting a region moves its columns and no others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.image import to_pixels
from latentlab.faces.photo import FaceInPhoto, face_in_photo
from latentlab.scorers.colour import REGIONS, Colour, colours, regions


@pytest.fixture(scope="module")
def found() -> FaceInPhoto:
    from skimage import data

    return face_in_photo(Image.fromarray(data.astronaut()))


def test_regions_lie_apart_and_are_large_enough(found: FaceInPhoto) -> None:
    masks = regions(found.crop.aligned_landmarks.double().numpy(), (256, 256))
    assert all(mask.sum() > 60 for mask in masks.values())
    total = np.sum([mask.astype(int) for mask in masks.values()], axis=0)
    assert total.max() == 1


@pytest.mark.parametrize("region", REGIONS)
def test_painting_a_region_moves_its_columns_alone(found: FaceInPhoto, region: str) -> None:
    points = found.crop.aligned_landmarks.double().numpy()
    pixels = to_pixels(found.image)[0].numpy().copy()
    before = colours(pixels, points)
    mask = regions(points, (256, 256))[region]
    pixels[mask] = (pixels[mask] * 0.5 + np.array([200, 0, 40]) * 0.5).astype(np.uint8)
    change = colours(pixels, points) - before

    own = [i for i, name in enumerate(Colour.names) if name.startswith(f"region_{region}_")]
    others = [i for i in range(len(Colour.names)) if i not in own]
    assert change[own][1] > 10  # redder
    assert change[own][0] < 0  # darker
    assert np.abs(change[others]).max() == 0


def test_brighter_light_moves_differences_less_than_colours(found: FaceInPhoto) -> None:
    dim = (found.image + 1) * 0.85 - 1
    scores = Colour()(torch.cat([found.image, dim]))
    assert (scores[0] - scores[1]).abs().max() < 6


def test_a_region_too_small_to_measure_is_nan() -> None:
    points = np.full((68, 2), 30.0)
    assert np.isnan(colours(np.zeros((64, 64, 3), dtype=np.uint8), points)).all()
