"""The true way from one state of a face to another, against the meshes' own vertices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.core.warp import flow_at, warp
from latentlab.world.changes import CHANGES, draw_change
from latentlab.world.correspondence import correspond
from latentlab.world.factors import columns
from latentlab.world.laws import draw_faces
from latentlab.world.scene import pose_head

SIZE = 96


def vertices(renderer, face):
    """The head's own vertices on the picture, [v 3]."""
    camera, _, body = pose_head(renderer.head, columns([face]))
    return camera.project(body.points, SIZE)[0]


def test_nothing_changed_nothing_moves(renderer, face):
    found = correspond(renderer, [face], [face], SIZE)
    assert found.flow.abs().mean() < 0.01
    assert found.seen.float().mean() > 0.98


def test_pixels_of_a_turned_head_come_from_where_the_vertices_were(renderer, face):
    face = replace(face, hair_style="bald")
    turned = replace(face, yaw=25.0, mouth_open=0.4)
    found = correspond(renderer, [face], [turned], SIZE)
    before, after = vertices(renderer, face), vertices(renderer, turned)
    depth = renderer.render([turned], SIZE, samples=1).depth[0]

    column, row = (after[:, i].floor().long() for i in (0, 1))
    inside = (column > 2) & (column < SIZE - 3) & (row > 2) & (row < SIZE - 3)
    column, row = column.clamp(0, SIZE - 1), row.clamp(0, SIZE - 1)
    front = inside & (after[:, 2] < depth[row, column] + 0.05) & (depth[row, column] > 0)
    miss = (found.flow[0][:, row, column].T - (before - after)[:, :2]).norm(dim=1)[front]
    assert front.sum() > 300
    assert miss.median() < 0.3  # a vertex is up to .7 pixels from the pixel's middle
    assert (before - after)[front].norm(dim=1).median() > 2


def test_what_was_not_there_was_not_seen(renderer, face):
    bare = replace(face, glasses="none", beard_style="none")
    dressed = replace(bare, glasses="round", beard_style="full")
    from latentlab.world.visible import CLASS

    found = correspond(renderer, [bare], [dressed], SIZE)
    frame = renderer.render([dressed], SIZE, samples=1).masks[0] == CLASS["glasses"]
    assert not found.seen[0, 0][frame].any()
    assert found.seen.float().mean() > 0.8


def test_a_colour_change_stays_on_the_lips(renderer, face):
    painted = replace(face, lipstick=1.0, lipstick_colour=(0.7, 0.1, 0.2))
    found = correspond(renderer, [face], [painted], SIZE)
    images = renderer.render([face, painted], SIZE).images
    change = found.colour_change(images[:1], images[1:]).abs().mean(1)[0]
    assert change.max() > 0.1
    assert (change > 0.05).float().mean() < 0.05


def test_pairs_of_different_lengths_are_refused(renderer, face):
    with pytest.raises(BadInput, match="pairs"):
        correspond(renderer, [face], [], SIZE)


def test_a_flow_points_to_where_pixels_are_fetched():
    images = torch.rand(1, 3, 8, 8)
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0] = 2  # from two pixels to the right
    assert torch.allclose(warp(images, flow)[..., :6], images[..., 2:], atol=1e-5)
    assert torch.allclose(flow_at(flow, 16)[:, 0], torch.full((1, 16, 16), 4.0))


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_gives_a_face_that_can_be_drawn(name):
    random = np.random.Generator(np.random.PCG64(3))
    for face in draw_faces(6, "natural", 2):
        changed = CHANGES[name][1](face, random)
        assert changed.shape == face.shape
        assert (changed == face) == (name == "nothing")


def test_changes_repeat_with_their_seed():
    face = draw_faces(1, "natural", 5)[0]
    one, two = (draw_change(face, np.random.Generator(np.random.PCG64(8))) for _ in range(2))
    assert one == two
