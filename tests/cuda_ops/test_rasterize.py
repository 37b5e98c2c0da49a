"""The rasteriser: no holes, no doubles, the nearest wins, native and reference agree."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cuda_ops import rasterize as op
from cuda_ops.errors import BadArgument
from cuda_ops.rasterize import interpolate, rasterize, reference, reference_interpolate


def soup(seed: int, vertices: int = 60, triangles: int = 150) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    positions = torch.rand(2, vertices, 3, generator=generator) * torch.tensor([50.0, 40.0, 3.0])
    positions = positions - torch.tensor([8.0, 8.0, 0.3])  # some outside, some behind the eye
    return positions, torch.randint(0, vertices, (triangles, 3), generator=generator).int()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_native_and_reference_show_the_same_triangles(seed):
    positions, triangles = soup(seed)
    index, depth = rasterize(positions, triangles, 24, 32)
    known, known_depth = reference(positions, triangles, 24, 32)
    assert torch.equal(index, known)
    assert torch.allclose(depth, known_depth, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_native_and_reference_interpolate_alike(seed):
    positions, triangles = soup(seed)
    index, _ = rasterize(positions, triangles, 24, 32)
    attributes = torch.randn(2, positions.shape[1], 4, generator=torch.Generator().manual_seed(seed))
    pixels = torch.arange(index.numel())
    values = interpolate(attributes, triangles, positions, triangles, index, pixels)
    known = reference_interpolate(attributes, triangles, positions, triangles, index, pixels)
    assert torch.allclose(values, known, atol=1e-4)


@pytest.mark.parametrize("draw", [rasterize, reference])
def test_a_fan_covers_every_pixel_exactly_once(draw):
    angle = torch.arange(24) / 24 * 6.283185
    rim = torch.stack([16 + 40 * angle.cos(), 16 + 40 * angle.sin(), torch.full_like(angle, 2.0)], 1)
    positions = torch.cat([torch.tensor([[16.0, 16.0, 2.0]]), rim])[None]  # the hub lies on a pixel corner
    triangles = torch.stack([torch.zeros(24), torch.arange(24) + 1, (torch.arange(24) + 1) % 24 + 1], 1).int()
    hits = sum((draw(positions, triangles[i : i + 1], 32, 32)[0] >= 0).int() for i in range(24))
    assert (hits == 1).all()


@pytest.mark.parametrize("draw", [rasterize, reference])
def test_the_nearest_wins_and_among_equals_the_first(draw):
    square = [[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]]
    positions = torch.tensor([[[*p, z] for z in (3.0, 2.0, 2.0) for p in square]])
    triangles = torch.arange(9).view(3, 3).int()
    index, depth = draw(positions, triangles, 4, 4)
    assert (index == 1).all()
    assert torch.allclose(depth, torch.tensor(0.5))


@pytest.mark.parametrize("draw", [rasterize, reference])
def test_triangles_behind_the_eye_or_without_area_are_not_drawn(draw):
    positions = torch.tensor(
        [[[0.0, 0, 1], [9, 0, -1], [0, 9, 1], [0, 0, 1], [3, 3, 1], [9, 9, 1], [float("nan"), 0, 1]]]
    )
    triangles = torch.tensor([[0, 1, 2], [3, 4, 5], [6, 4, 2]]).int()
    index, depth = draw(positions, triangles, 8, 8)
    assert (index == -1).all()
    assert (depth == 0).all()


def test_attributes_are_linear_in_space_not_on_the_screen():
    positions = torch.tensor(
        [[[0.0, -40.0, 1.0], [0.0, 40.0, 1.0], [32.0, 0.0, 4.0]]]
    )  # the right end is far away
    triangles = torch.tensor([[0, 1, 2]]).int()
    index, _ = rasterize(positions, triangles, 2, 32)
    value = interpolate(
        torch.tensor([[[0.0], [0.0], [1.0]]]), triangles, positions, triangles, index, torch.tensor([16])
    )
    share = 16.5 / 32
    assert value.item() == pytest.approx(share / 4 / (share / 4 + (1 - share)), abs=1e-3)


def test_seams_read_corners_of_their_own():
    positions, triangles = soup(3)
    index, _ = rasterize(positions, triangles, 24, 32)
    pixels = torch.nonzero(index.flatten() >= 0)[:, 0]
    attributes = torch.arange(450.0).view(1, 450, 1)
    corners = torch.arange(450).view(150, 3).int()
    values = interpolate(attributes, corners, positions, triangles, index, pixels)[:, 0]
    assert torch.equal((values / 3).floor().clamp_max(149).int(), index.flatten()[pixels])


def test_wrong_arguments_are_named():
    positions, triangles = soup(1)
    with pytest.raises(BadArgument, match="int32"):
        rasterize(positions, triangles.long(), 8, 8)
    with pytest.raises(BadArgument, match="float32"):
        rasterize(positions.double(), triangles, 8, 8)
    with pytest.raises(BadArgument, match="picture"):
        rasterize(positions, triangles, 0, 8)
    index, _ = rasterize(positions, triangles, 8, 8)
    with pytest.raises(BadArgument, match="corners"):
        interpolate(positions, triangles[:3], positions, triangles, index, torch.arange(4))


def test_without_a_compiler_the_reference_draws(monkeypatch):
    monkeypatch.setattr(op, "kernels_for", lambda positions: None)
    positions, triangles = soup(5)
    assert torch.equal(rasterize(positions, triangles, 16, 16)[0], reference(positions, triangles, 16, 16)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_and_cpu_show_the_same_triangles():
    positions, triangles = soup(8)
    index, depth = rasterize(positions, triangles, 64, 64)
    other, other_depth = rasterize(positions.cuda(), triangles.cuda(), 64, 64)
    assert torch.equal(index, other.cpu())
    assert torch.allclose(depth, other_depth.cpu(), rtol=1e-6)
