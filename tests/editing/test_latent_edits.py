"""Edits of latents: directions, layers, what is kept, mixing, interpolation."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, LatentLabError, SpaceMismatch, WrongGenerator
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.editing.apply import apply, out_of_span, restrict, sweep
from latentlab.editing.keep import flat, keep
from latentlab.editing.mix import interpolate, mix
from latentlab.networks.tiny import tiny_generator

GENERATOR = tiny_generator()


def vector(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


AGE = Direction("age", Space.W, vector(1, 32), "years", 10.0, (-3.0, 3.0))
SMILE = Direction("smile", Space.W_PLUS, vector(2, GENERATOR.layers, 32))
LIPS = Direction("lips", Space.S, vector(3, GENERATOR.style_width))


@pytest.fixture
def generator() -> Generator:
    return GENERATOR


@pytest.fixture
def w() -> Latent:
    return Latent(Space.W, GENERATOR.map(draw_z([1, 2], 32)).detach())


def test_no_strength_changes_nothing(generator: Generator, w: Latent) -> None:
    assert torch.equal(apply(generator, w, {AGE: 0.0}).values, w.values)


def test_several_directions_add_up_in_any_order(generator: Generator, w: Latent) -> None:
    one = apply(generator, w, {AGE: 2.0, SMILE: -1.0})
    other = apply(generator, w, {SMILE: -1.0, AGE: 2.0})
    by_hand = w.values[:, None] + 2 * AGE.vector - SMILE.vector
    assert one.space is Space.W_PLUS
    assert torch.allclose(one.values, by_hand, atol=1e-5)
    assert torch.allclose(one.values, other.values)


@given(a=st.floats(-3, 3), b=st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_steps_along_one_direction_add_up(a: float, b: float) -> None:
    start = Latent(Space.W, GENERATOR.w_average[None])
    twice = apply(GENERATOR, apply(GENERATOR, start, {AGE: a}), {AGE: b})
    once = apply(GENERATOR, start, {AGE: a + b})
    assert torch.allclose(twice.values, once.values, atol=1e-4)


def test_a_direction_of_w_moves_styles_as_it_would_have_moved_w(generator: Generator, w: Latent) -> None:
    moved_first = generator.lift(apply(generator, w, {AGE: 1.5}), Space.S)
    lifted_first = apply(generator, generator.lift(w, Space.S), {AGE: 1.5})
    assert torch.allclose(moved_first.values, lifted_first.values, atol=1e-4)
    both = apply(generator, w, {AGE: 1.5, LIPS: 1.0})
    assert torch.allclose(both.values, moved_first.values + LIPS.vector, atol=1e-4)


def test_layers_outside_the_range_stay(generator: Generator, w: Latent) -> None:
    moved = apply(generator, w, {AGE: 1.0}, layers=(2, 3))
    lifted = generator.lift(w, Space.W_PLUS).values
    assert torch.equal(moved.values[:, :2], lifted[:, :2])
    assert torch.equal(moved.values[:, 4:], lifted[:, 4:])
    assert not torch.equal(moved.values[:, 2:4], lifted[:, 2:4])


def test_a_layer_range_in_s_takes_the_style_layers_that_read_it(generator: Generator) -> None:
    part = restrict(LIPS, (0, 0), generator)
    for layer in generator.style_layers:
        assert bool(part.vector[layer.channels].any()) == (layer.w_index == 0)


def test_layers_that_the_network_does_not_have_are_named(generator: Generator, w: Latent) -> None:
    with pytest.raises(BadInput, match="layers 0 to"):
        apply(generator, w, {AGE: 1.0}, layers=(0, 99))


def test_a_direction_of_another_network_is_refused(generator: Generator, w: Latent) -> None:
    foreign = Direction("age", Space.W, vector(1, 32), model="0" * 64)
    with pytest.raises(WrongGenerator, match="directions port"):
        apply(generator, w, {foreign: 1.0})


def test_a_direction_of_z_cannot_reach_a_w(generator: Generator, w: Latent) -> None:
    with pytest.raises(SpaceMismatch):
        apply(generator, w, {Direction("old", Space.Z, vector(4, 32)): 1.0})


def test_a_strength_outside_the_span_is_told(generator: Generator) -> None:
    assert out_of_span({AGE: 2.9, SMILE: 100.0}) == []
    (line,) = out_of_span({AGE: -3.5})
    assert "age=-3.5" in line
    assert "-3..3" in line


def test_a_sweep_begins_and_ends_where_it_says() -> None:
    assert sweep(-3, 3, 7) == [-3, -2, -1, 0, 1, 2, 3]
    with pytest.raises(BadInput):
        sweep(0, 1, 1)


@given(seeds=st.lists(st.integers(10, 60), min_size=1, max_size=4, unique=True))
@settings(max_examples=25, deadline=None)
def test_what_is_kept_has_no_part_in_the_direction(seeds: list[int]) -> None:
    others = [Direction(f"d{seed}", Space.W, vector(seed, 32)) for seed in seeds]
    kept = keep(AGE, others, GENERATOR)
    for other in others:
        cosine = torch.nn.functional.cosine_similarity(kept.vector, other.vector, dim=0)
        assert abs(float(cosine)) < 1e-4
    again = keep(kept, others, GENERATOR)
    assert torch.allclose(again.vector, kept.vector, atol=1e-4)
    assert kept.step <= AGE.step


def test_keeping_across_spaces_works_in_the_higher_one(generator: Generator) -> None:
    kept = keep(AGE, [SMILE, LIPS], generator)
    assert kept.space is Space.S
    for other in (SMILE, LIPS):
        assert abs(float(kept.vector @ flat(other, Space.S, generator))) < 1e-2


def test_keeping_the_direction_itself_leaves_nothing_and_says_so(generator: Generator) -> None:
    with pytest.raises(BadInput, match="nothing of 'age' remains"):
        keep(AGE, [Direction("years", Space.W, 2 * AGE.vector)], generator)


def test_mixing_takes_some_layers_from_the_other(generator: Generator) -> None:
    z = Latent(Space.Z, draw_z([1, 2], 32))
    base, styles = z[0], z[1]
    mixed = mix(generator, base, styles, (4, 7))
    assert torch.equal(mixed.values[:, :4], generator.lift(base, Space.W_PLUS).values[:, :4])
    assert torch.equal(mixed.values[:, 4:8], generator.lift(styles, Space.W_PLUS).values[:, 4:8])
    in_styles = mix(generator, generator.lift(base, Space.S), styles, (4, 7))
    assert torch.allclose(in_styles.values, generator.lift(mixed, Space.S).values, atol=1e-5)


@pytest.mark.parametrize("spherical", [False, True])
def test_interpolation_begins_at_one_and_ends_at_the_other(generator: Generator, spherical: bool) -> None:
    z = Latent(Space.Z, draw_z([1, 2], 32))
    assert torch.allclose(
        interpolate(generator, z[0], z[1], 0.0, spherical=spherical).values, z[0].values, atol=1e-5
    )
    assert torch.allclose(
        interpolate(generator, z[0], z[1], 1.0, spherical=spherical).values, z[1].values, atol=1e-5
    )


def test_the_sphere_keeps_the_length_that_straight_lines_lose(generator: Generator) -> None:
    z = draw_z([1, 2], 32)
    z = z / z.norm(dim=1, keepdim=True)
    one, two = Latent(Space.Z, z[:1]), Latent(Space.Z, z[1:])
    assert interpolate(generator, one, two, 0.5, spherical=True).values.norm() == pytest.approx(1, abs=1e-4)
    assert interpolate(generator, one, two, 0.5).values.norm() < 0.95
    with pytest.raises(LatentLabError):
        interpolate(generator, generator.lift(one, Space.W), two, 0.5, spherical=True)
