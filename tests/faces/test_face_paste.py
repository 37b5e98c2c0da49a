"""Paste-back: nothing changes that was not edited, and no seam shows where something was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.core.errors import BadInput
from latentlab.faces.mask import face_mask, square_mask
from latentlab.faces.paste import match_colours, paste_back
from latentlab.faces.photo import FaceInPhoto, face_in_photo


def change(before: Image.Image, after: Image.Image) -> np.ndarray:
    return np.asarray(after).astype(float) - np.asarray(before)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_an_untouched_crop_changes_nothing(portrait: Image.Image, size: int) -> None:
    found = face_in_photo(portrait, size)
    assert np.abs(change(portrait, paste_back(portrait, found.image, found.crop))).max() <= 1


def test_an_untouched_crop_of_a_turned_photo_changes_nothing(portrait: Image.Image) -> None:
    photo = portrait.rotate(160, Image.Resampling.BICUBIC, expand=True)
    found = face_in_photo(photo)
    assert np.abs(change(photo, paste_back(photo, found.image, found.crop))).max() <= 1


def test_nothing_changes_outside_of_the_mask(portrait: Image.Image, found: FaceInPhoto) -> None:
    after = paste_back(portrait, -found.image, found.crop)
    left, top, right, bottom = found.crop.box
    changed = np.abs(change(portrait, after)).max(-1) > 0
    changed[top:bottom, left:right] = False
    assert not changed.any()


def test_an_edit_arrives_whole_where_the_mask_is_whole(portrait: Image.Image, found: FaceInPhoto) -> None:
    edited = found.image.clone()
    edited[:, 1, 150:170, 110:140] = 1.0  # a green patch on the nose
    x, y = (round(v) for v in found.crop.to_photo(torch.tensor([[125.0, 160.0]]))[0].tolist())
    after = np.asarray(paste_back(portrait, edited, found.crop))
    assert after[y, x, 1] > 245


def seam(before: Image.Image, after: Image.Image, mask: np.ndarray) -> float:
    """How steeply the change rises across the mask's outline, levels a pixel: the worst of twelve sectors."""
    slopes = np.stack(np.gradient(mask))
    steep = np.hypot(*slopes)
    outline = steep > 0.5 * steep.max()
    normal = slopes / np.maximum(steep, 1e-9)
    rise = np.stack(np.gradient(change(before, after).mean(-1)))
    across = (rise * normal).sum(0)

    y, x = np.nonzero(outline)
    sector = ((np.arctan2(y - y.mean(), x - x.mean()) + np.pi) / (2 * np.pi) * 12).astype(int) % 12
    return max(abs(across[outline][sector == number].mean()) for number in range(12))


def test_a_shift_of_all_colours_leaves_no_seam(portrait: Image.Image, found: FaceInPhoto) -> None:
    tinted = (found.image * 0.85 + 0.15).clamp(-1, 1)
    mask = face_mask([found.crop.aligned_landmarks], 256)
    hard_mask = (mask > 0.5).float()
    left, top, right, bottom = found.crop.box
    outlines = []
    for each in (hard_mask, mask):
        outline = np.zeros((512, 512))
        outline[top:bottom, left:right] = found.crop.unalign(each)[0, 0].numpy()
        outlines.append(outline)

    hard = seam(portrait, paste_back(portrait, tinted, found.crop, hard_mask, match=False), outlines[0])
    soft = seam(portrait, paste_back(portrait, tinted, found.crop, mask), outlines[1])
    assert hard > 5  # the measure sees a hard edge
    assert soft < 0.5


def test_colours_meet_along_the_ring_and_the_edit_inside_survives(found: FaceInPhoto) -> None:
    mask = face_mask([found.crop.aligned_landmarks], 256)
    edited = found.image + 0.2
    edited[:, :, 120:150, 100:150] += 0.3
    matched = match_colours(edited, found.image, mask)

    ring = (mask > 0.2) & (mask < 0.8)
    apart = (matched - found.image).mean(1, keepdim=True)
    assert apart[ring].abs().mean() < 0.03
    assert apart[:, :, 125:145, 110:140].mean() > 0.2


def test_detail_of_the_photo_stays_where_a_blurred_face_agrees_with_it(portrait: Image.Image) -> None:
    large = portrait.resize((1024, 1024), Image.Resampling.BICUBIC)
    noisy = Image.fromarray(
        np.clip(np.asarray(large) + np.random.default_rng(0).normal(0, 8, (1024, 1024, 1)), 0, 255).astype(
            np.uint8
        )
    )
    found = face_in_photo(noisy, 64)
    after = paste_back(noisy, found.image + 0.01, found.crop, square_mask(64))
    assert np.abs(change(noisy, after)).mean() < 0.5


def test_masks_are_soft_and_leave_the_border_alone(found: FaceInPhoto) -> None:
    points = found.crop.aligned_landmarks
    for mask in (face_mask([points], 128 * 2), square_mask(256)):
        assert mask.min() >= 0
        assert mask[0, 0, 128, 128] == pytest.approx(1, abs=1e-3)
        assert mask[0, 0, 0].max() < 0.05
        assert mask.diff(dim=-1).abs().max() < 0.1
    union = face_mask([points, points + 12], 256)
    assert union.sum() > face_mask([points], 256).sum()


def test_more_than_one_face_at_a_time_is_refused(portrait: Image.Image, found: FaceInPhoto) -> None:
    with pytest.raises(BadInput, match="one square face"):
        paste_back(portrait, found.image.repeat(2, 1, 1, 1), found.crop)


def test_the_crop_of_another_photo_is_refused(portrait: Image.Image, found: FaceInPhoto) -> None:
    with pytest.raises(BadInput, match="the crop belongs to a photo of"):
        paste_back(portrait.resize((300, 300)), found.image, found.crop)
