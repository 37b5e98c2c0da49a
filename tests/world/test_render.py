"""The renderer's promises, on the stand-in head."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.world.factors import Face
from latentlab.world.laws import draw_faces
from latentlab.world.skin import wrinkle_strength
from latentlab.world.visible import CLASS, MASK_CLASSES

SIZE = 96


def draw(renderer, *faces, **options):
    return renderer.render(list(faces), SIZE, **options)


def test_equal_faces_give_equal_pictures(renderer):
    faces = draw_faces(3, "natural", 4)
    assert torch.equal(draw(renderer, *faces).images, draw(renderer, *faces).images)


def test_pictures_are_finite_and_in_range(renderer):
    images = renderer.render(draw_faces(12, "factorial", 9), 48).images
    assert images.shape == (12, 3, 48, 48)
    assert torch.isfinite(images).all()
    assert images.abs().max() <= 1


def test_a_face_looks_the_same_in_any_company(renderer):
    faces = draw_faces(6, "natural", 11)
    together = renderer.render(faces, 64).images
    alone = torch.cat([renderer.render([face], 64).images for face in faces])
    assert (
        (together - alone).abs() > 2 / 127.5
    ).float().mean() < 1e-3  # matrix products may round differently


def test_the_crop_is_the_one_of_the_ffhq_recipe(renderer):
    faces = [replace(f, zoom=1.0, shift=(0.0, 0.0)) for f in draw_faces(6, "factorial", 3)]
    marks = renderer.render(faces, SIZE).landmarks
    left, right = marks[:, 36:42].mean(1), marks[:, 42:48].mean(1)
    eyes, mouth = (left + right) / 2, (marks[:, 48] + marks[:, 54]) / 2
    between, down = right - left, mouth - eyes
    x = between - torch.stack([-down[:, 1], down[:, 0]], 1)
    x = x / x.norm(dim=1, keepdim=True)
    half = torch.maximum(between.norm(dim=1) * 2.0, down.norm(dim=1) * 1.8)[:, None]
    corner = eyes + down * 0.1 - x * half - torch.stack([-x[:, 1], x[:, 0]], 1) * half
    assert corner.abs().max() < 0.01 * SIZE / 10
    assert (half * 2 - SIZE).abs().max() < 0.01


def test_mirrored_yaw_gives_the_mirrored_picture(renderer):
    plain = Face(age=20.0, light_azimuth=0.0, background_blur=(0.0, 0.0, 0.0, 0.0))
    one = draw(renderer, replace(plain, yaw=25.0))
    other = draw(renderer, replace(plain, yaw=-25.0))
    assert (one.images - other.images.flip(3)).abs().mean() < 0.02
    mirrored = torch.stack([SIZE - other.landmarks[..., 0], other.landmarks[..., 1]], 2)
    assert (one.landmarks[:, 8] - mirrored[:, 8]).abs().max() < 0.05
    assert (one.landmarks[:, 36] - mirrored[:, 45]).abs().max() < 0.05


def test_lipstick_changes_the_lips_only(renderer, face):
    bare, made_up = draw(renderer, face), draw(renderer, replace(face, lipstick=1.0))
    changed = (bare.images - made_up.images).abs().amax(1)[0] > 0.02
    lips = bare.masks[0] == CLASS["lips"]
    near = torch.nn.functional.max_pool2d(lips.float()[None, None], 5, 1, 2)[0, 0] > 0
    assert changed.any()
    assert not (changed & ~near).any()
    assert (changed & lips).sum() > 0.9 * lips.sum()


def test_masks_name_every_part_of_a_face(renderer, face):
    masks = draw(renderer, replace(face, glasses="round", mouth_open=1.0)).masks
    assert masks.dtype == torch.uint8
    assert int(masks.max()) < len(MASK_CLASSES)
    shown = {MASK_CLASSES[int(label)] for label in masks.unique()}
    assert shown >= {
        "background",
        "skin",
        "brows",
        "eyes",
        "nose",
        "lips",
        "hair",
        "neck",
        "glasses",
        "mouth",
    }


def test_background_has_neither_depth_nor_normal(renderer, face):
    rendering = draw(renderer, face)
    behind = rendering.masks == CLASS["background"]
    assert (rendering.depth[behind] == 0).all()
    assert (rendering.depth[~behind] > 20).all()
    lengths = rendering.normals.norm(dim=1)
    assert lengths[behind].abs().max() == 0
    assert (lengths[~behind] - 1).abs().max() < 1e-3


def test_the_far_side_of_a_turned_face_is_hidden(renderer, face):
    front, turned = (
        draw(renderer, replace(face, hair_style="bald")),
        draw(renderer, replace(face, yaw=55.0, hair_style="bald")),
    )
    assert front.visible[0, [30, 36, 45, 48, 54]].all()
    assert turned.visible[0].sum() < front.visible[0].sum()
    assert turned.visible[0, 0] != turned.visible[0, 16]


def test_positive_angles_are_to_the_right_and_up(renderer, face):
    def nose(**pose):
        marks = draw(renderer, replace(face, **pose)).landmarks[0]
        return marks[30] - marks[[36, 45, 48, 54]].mean(0)

    assert nose(yaw=20.0)[0] > nose()[0] + 2
    assert nose(pitch=15.0)[1] < nose()[1] - 2
    assert draw(renderer, replace(face, yaw=20.0)).pose.tolist() == [[20.0, 0.0, 0.0]]


def test_light_comes_from_where_it_says(renderer, face):
    bald = replace(face, hair_style="bald", ambient=0.2)
    image = draw(renderer, replace(bald, light_azimuth=70.0)).images[0].mean(0)
    skin = draw(renderer, bald).masks[0] == CLASS["skin"]
    half = SIZE // 2
    assert image[:, half:][skin[:, half:]].mean() > image[:, :half][skin[:, :half]].mean() + 0.1


def test_wrinkles_only_deepen_with_age():
    early, late = wrinkle_strength(torch.arange(15.0, 86.0))
    assert (early.diff() >= 0).all()
    assert (late.diff() >= 0).all()
    assert early[0] == late[0] == 0
    assert late[-1] > 0.9


def test_a_smile_lifts_the_corners_and_a_jaw_drop_opens_the_mouth(renderer, face):
    calm = draw(renderer, face).landmarks[0]
    smiling = draw(renderer, replace(face, smile=1.0)).landmarks[0]
    shouting = draw(renderer, replace(face, mouth_open=1.0)).landmarks[0]
    assert (smiling[54, 0] - smiling[48, 0]) > (calm[54, 0] - calm[48, 0])
    assert (shouting[66, 1] - shouting[62, 1]) > 2 * (calm[66, 1] - calm[62, 1])


def test_gaze_moves_the_iris_and_nothing_else(renderer, face):
    left, right = draw(renderer, replace(face, gaze_yaw=-20.0)), draw(renderer, replace(face, gaze_yaw=20.0))
    changed = (left.images - right.images).abs().amax(1)[0] > 0.1
    eyes = (left.masks[0] == CLASS["eyes"]) | (right.masks[0] == CLASS["eyes"])
    near = torch.nn.functional.max_pool2d(eyes.float()[None, None], 13, 1, 6)[0, 0] > 0
    assert changed.any()
    assert (changed & ~near).float().mean() < 0.002


@pytest.mark.parametrize("style", ["short", "long", "afro", "bun"])
def test_hair_changes_the_silhouette(renderer, face, style):
    bald = draw(renderer, replace(face, hair_style="bald"))
    haired = draw(renderer, replace(face, hair_style=style))
    assert (haired.masks == CLASS["hair"]).sum() > 300
    assert ((haired.depth > 0) & (bald.depth == 0)).sum() > 40


def test_the_cartoon_has_larger_eyes_and_flatter_skin(renderer, face):
    photo, toon = draw(renderer, face), draw(renderer, face, style="toon")

    def opening(marks):
        return marks[0, 41, 1] - marks[0, 37, 1]

    assert opening(toon.landmarks) > 1.1 * opening(photo.landmarks)
    skin = (photo.masks[0] == CLASS["skin"]) & (toon.masks[0] == CLASS["skin"])
    commonest = [
        (image[1][skin] * 10).round().unique(return_counts=True)[1].max()
        for image in (photo.images[0], toon.images[0])
    ]
    assert commonest[1] > 1.2 * commonest[0]


@pytest.mark.parametrize(
    ("faces", "options"),
    [([], {}), ([Face()], {"size": 8}), ([Face()], {"size": 9000}), ([Face()], {"style": "oil"})],
)
def test_impossible_requests_are_refused(renderer, faces, options):
    with pytest.raises(BadInput):
        renderer.render(faces, **options)
