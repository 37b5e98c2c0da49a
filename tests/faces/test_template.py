"""The mean template: symmetric, framed by the recipe as it should be, near a real aligned face."""

from __future__ import annotations

import torch

from latentlab.faces.align import frame
from latentlab.faces.photo import FaceInPhoto
from latentlab.faces.template import MIRRORED, mirrored, template


def test_the_template_is_its_own_mirror_image() -> None:
    points = template(256)[None]
    assert (mirrored(points, 256) - points).abs().max() < 0.1
    assert [MIRRORED[place] for place in MIRRORED] == list(range(68))


def test_aligning_the_template_again_changes_nothing() -> None:
    square = frame(template(256)[None])
    assert (square.centre - 127.5).abs().max() < 6
    assert (square.across - torch.tensor([[128.0, 0.0]])).abs().max() < 6


def test_a_real_face_lies_near_the_template(found: FaceInPhoto) -> None:
    assert (found.crop.aligned_landmarks - template(256)).norm(dim=1).mean() < 12
