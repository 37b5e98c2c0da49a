"""Adaptive augmentation does what it says, and R1 passes through it."""

from __future__ import annotations

import math
from unittest import mock

import pytest
import torch

from latentlab.training.ada import Ada
from latentlab.training.augment import SYM6, Pipe
from latentlab.training.draws import Draws
from latentlab.training.grid_sample import grid_sample
from latentlab.training.phase import Moment


@pytest.fixture
def images() -> torch.Tensor:
    rows = torch.linspace(-1, 1, 32)
    smooth = torch.stack(
        [rows[:, None] * rows, rows[:, None].expand(32, 32), (3 * rows).cos().expand(32, 32)]
    )
    return smooth[None].repeat(4, 1, 1, 1)


def placed(images: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    return Pipe()._warp(images, matrix.repeat(len(images), 1, 1))


def test_the_filter_is_an_orthonormal_wavelet() -> None:
    taps = torch.tensor(SYM6, dtype=torch.float64)
    assert taps.sum().item() == pytest.approx(math.sqrt(2), abs=1e-9)
    for shift in range(0, 12, 2):
        product = (taps[shift:] * taps[: 12 - shift]).sum().item()
        assert product == pytest.approx(float(shift == 0), abs=1e-9)


def test_no_move_keeps_the_image(images: torch.Tensor) -> None:
    same = placed(images, torch.eye(3))
    assert (same - images)[..., 2:-2, 2:-2].abs().max() < 0.01


def test_a_shift_by_whole_pixels_shifts(images: torch.Tensor) -> None:
    matrix = torch.eye(3)
    matrix[0, 2], matrix[1, 2] = 3, -2  # output (x, y) comes from (x + 3, y - 2)
    moved = placed(images, matrix)
    assert (moved[..., 6:-6, 6:-6] - images.roll((2, -3), (2, 3))[..., 6:-6, 6:-6]).abs().max() < 0.02


def test_a_quarter_turn_turns(images: torch.Tensor) -> None:
    matrix = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turned = placed(images, matrix)
    wrong = min((turned - images.rot90(k, (2, 3)))[..., 4:-4, 4:-4].abs().max().item() for k in (1, 3))
    assert wrong < 0.1  # the wavelet is not quite symmetric: a turned image lies half a pixel off


def test_strength_zero_changes_nothing(images: torch.Tensor) -> None:
    assert torch.equal(Pipe()(images, 0.0, Draws(range(4), 1)), images)


def test_strength_one_changes_every_sample_and_stays_finite(images: torch.Tensor) -> None:
    for seed in range(10):
        changed = Pipe()(images, 1.0, Draws(range(4), seed))
        assert changed.shape == images.shape
        assert changed.isfinite().all()
        assert ((changed - images).abs().amax((1, 2, 3)) > 0.05).all()


def test_a_sample_is_augmented_the_same_in_any_batch(images: torch.Tensor) -> None:
    whole = Pipe()(images, 0.8, Draws(range(4), 1))
    torch.testing.assert_close(Pipe()(images[2:3], 0.8, Draws([2], 1)), whole[2:3], atol=1e-4, rtol=0)


def test_grey_stays_grey_only_without_colour_changes() -> None:
    grey = torch.full((8, 3, 16, 16), 0.2)
    plain = Pipe(colour=False)(grey, 1.0, Draws(range(8), 1))
    assert (plain[..., 4:-4, 4:-4] - 0.2).abs().max() < 0.02
    assert (Pipe(blit=False, geometry=False)(grey, 1.0, Draws(range(8), 1)) - 0.2).abs().max() > 0.05


def test_sampling_can_be_differentiated_twice() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    grid = torch.rand(2, 3, 3, 2, dtype=torch.float64) * 1.6 - 0.8
    assert torch.autograd.gradcheck(lambda x: grid_sample(x, grid), images)
    assert torch.autograd.gradgradcheck(lambda x: grid_sample(x, grid) ** 2, images)


def test_r1_passes_through_the_pipe(images: torch.Tensor) -> None:
    images = images.requires_grad_()
    weight = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0), requires_grad=True)
    verdict = (Pipe()(images, 0.9, Draws(range(4), 1)) * weight).sum()
    (gradient,) = torch.autograd.grad(verdict, images, create_graph=True)
    gradient.square().sum().backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0


@pytest.mark.parametrize(("verdict", "grows"), [(1.0, True), (-1.0, False)])
def test_the_strength_follows_the_discriminators_certainty(verdict: float, grows: bool) -> None:
    ada = Ada(speed=1.0, every=2)
    ada.strength.fill_(0.5)
    for step in range(4):
        ada.note(torch.full((8,), verdict))
        ada.adapt(Moment(step, step * 8, 8, Draws([0], 1)))
    assert (ada.strength.item() > 0.5) is grows
    assert ada.strength.item() == pytest.approx(0.5 + (1 if grows else -1) * 2 * 16 / 1000)


def test_the_statistics_of_all_processes_are_averaged() -> None:
    ada = Ada(speed=1.0, every=1)
    ada.strength.fill_(0.5)
    ada.note(torch.full((8,), 1.0))
    team = mock.Mock(mean=lambda value: torch.tensor([-4.0, 8.0]))  # the others were very unsure
    ada.adapt(Moment(0, 0, 8, Draws([0], 1), team))
    assert ada.strength.item() < 0.5
