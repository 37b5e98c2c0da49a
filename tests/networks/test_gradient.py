"""The fast path that styles and noise maps can ask a gradient of finds what the general path finds."""

from __future__ import annotations

import threading

import pytest
import torch

from cuda_ops import native
from latentlab.core.noise import FIXED, NO_NOISE, Noise, NoiseMode
from latentlab.core.pivot import Pivot
from latentlab.networks import fast, gradient, plan
from latentlab.networks.tiny import tiny_generator
from tests.networks.test_inference import NETWORKS, general, random_pivot, relative, styles_for


@pytest.fixture(autouse=True)
def _native_operators() -> None:
    if not hasattr(native.load("cpu").kernels, "tail_gradient"):
        pytest.skip("the native operators are not built here")


def slope_of(image: torch.Tensor, styles: torch.Tensor, **settings) -> torch.Tensor:
    source = torch.Generator().manual_seed(9)
    above = torch.randn(image.shape, generator=source)
    return torch.autograd.grad(image, styles, above, **settings)[0]


def expected_slope(generator, styles, noise=FIXED, pivot=None, **settings) -> torch.Tensor:
    with native.backend("reference"):
        return slope_of(generator.layer_by_layer(styles, noise, pivot), styles, **settings)


@pytest.mark.parametrize("band", [4 << 20, 20_000], ids=["whole layers", "bands"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_the_general_path(name, band, monkeypatch):
    monkeypatch.setattr(plan, "BAND_BYTES", band)
    generator = tiny_generator(**NETWORKS[name])
    for count in (1, 3):
        styles = styles_for(generator, count).requires_grad_(True)
        for noise in (FIXED, Noise(NoiseMode.RANDOM, seed=3), NO_NOISE):
            image = gradient.synthesise(generator, styles, noise, None, None)
            assert image is not None
            assert relative(image.detach(), general(generator, styles, noise)) <= 1e-5
            assert relative(slope_of(image, styles), expected_slope(generator, styles, noise)) <= 1e-5


def test_pivots_and_own_noise_maps_count():
    generator = tiny_generator()
    styles, pivot = styles_for(generator, 2).requires_grad_(True), random_pivot(generator)
    noise = Noise(maps={"b16.conv0": torch.randn(2, 1, 16, 16), "b32.conv1": torch.randn(32, 32)})
    image = gradient.synthesise(generator, styles, noise, pivot, None)
    assert relative(slope_of(image, styles), expected_slope(generator, styles, noise, pivot)) <= 1e-5


def own_maps(generator, count: int) -> dict[str, torch.Tensor]:
    """A map for every layer: by turns one for each sample, one for all of them, and one without a batch."""
    source, maps = torch.Generator().manual_seed(5), {}
    for name, module in generator.synthesis.named_modules():
        if getattr(module, "noisy", False):
            shape = [(count, 1), (1, 1), ()][len(maps) % 3]
            maps[name] = torch.randn(*shape, *module.noise_const.shape, generator=source).requires_grad_(True)
    return maps


def all_slopes(image, styles, maps, **settings) -> list[torch.Tensor]:
    above = torch.randn(image.shape, generator=torch.Generator().manual_seed(9))
    asking = [value for value in (styles, *maps.values()) if value.requires_grad]
    return list(torch.autograd.grad(image, asking, above, **settings))


@pytest.mark.parametrize("band", [4 << 20, 20_000], ids=["whole layers", "bands"])
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "no noise"])
def test_noise_maps_have_their_gradient(name, band, monkeypatch):
    monkeypatch.setattr(plan, "BAND_BYTES", band)
    generator = tiny_generator(**NETWORKS[name])
    for count, wanted in ((1, True), (3, True), (3, False)):
        styles, maps = styles_for(generator, count).requires_grad_(wanted), own_maps(generator, count)
        image = gradient.synthesise(generator, styles, Noise(maps=maps), None, None)
        assert image is not None
        with native.backend("reference"):
            expected = all_slopes(generator.layer_by_layer(styles, Noise(maps=maps)), styles, maps)
        for found, wished in zip(all_slopes(image, styles, maps), expected, strict=True):
            assert found.shape == wished.shape
            assert relative(found, wished) <= 1e-5


def test_noise_maps_have_a_second_gradient():
    generator = tiny_generator()
    styles, maps = styles_for(generator, 2).requires_grad_(True), own_maps(generator, 2)
    fast_one = all_slopes(generator(styles, Noise(maps=maps)), styles, maps, create_graph=True)
    general_one = all_slopes(
        generator.layer_by_layer(styles, Noise(maps=maps)), styles, maps, create_graph=True
    )
    asking = [styles, *maps.values()]
    found = torch.autograd.grad(sum(one.square().sum() for one in fast_one), asking)
    expected = torch.autograd.grad(sum(one.square().sum() for one in general_one), asking)
    for one, wished in zip(found, expected, strict=True):
        assert relative(one, wished) <= 1e-4


def test_maps_that_no_layer_uses_have_no_gradient():
    generator = tiny_generator()
    styles, maps = styles_for(generator, 1).requires_grad_(True), own_maps(generator, 1)
    image = generator(styles, Noise(NoiseMode.NONE, maps=maps))
    slopes = all_slopes(image, styles, maps, allow_unused=True)
    assert slopes[0] is not None
    assert all(slope is None for slope in slopes[1:])


def test_a_map_that_changes_before_the_gradient_is_an_error():
    generator = tiny_generator()
    styles, maps = styles_for(generator, 1).requires_grad_(True), own_maps(generator, 1)
    image = generator(styles, Noise(maps=maps))
    with torch.no_grad():
        maps["b8.conv1"].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        slope_of(image, styles)


def test_noise_maps_in_bf16_point_the_same_way():
    generator = tiny_generator(resolution=64)
    styles, maps = styles_for(generator, 2), own_maps(generator, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        image = generator(styles, Noise(maps=maps))
    found = all_slopes(image, styles, maps)
    expected = all_slopes(generator.layer_by_layer(styles, Noise(maps=maps)), styles, maps)
    for one, wished in zip(found, expected, strict=True):
        assert one.dtype == torch.float32
        assert torch.cosine_similarity(one.flatten(), wished.flatten(), dim=0) > 0.99


def test_styles_of_zero_have_their_gradient():
    generator = tiny_generator()
    styles = styles_for(generator, 1)
    styles[:, ::3] = 0
    styles.requires_grad_(True)
    found = slope_of(generator(styles), styles)
    assert relative(found, expected_slope(generator, styles)) <= 1e-5
    assert bool((found[:, ::3] != 0).any())


def test_the_gradient_at_the_image_may_lie_in_any_way():
    generator = tiny_generator()
    styles = styles_for(generator, 2).requires_grad_(True)
    image = generator(styles)
    above = torch.randn_like(image)
    (expected,) = torch.autograd.grad(image, styles, above, retain_graph=True)
    for other in (above.contiguous(memory_format=torch.channels_last), above.mT.contiguous().mT):
        (found,) = torch.autograd.grad(image, styles, other, retain_graph=True)
        assert torch.equal(found, expected)
    (flat,) = torch.autograd.grad(image.sum(), styles)  # a gradient without strides
    assert relative(flat, torch.autograd.grad(generator.layer_by_layer(styles).sum(), styles)[0]) <= 1e-5


def test_clamped_colours_let_nothing_through():
    generator = tiny_generator(clamp=0.2)
    styles = styles_for(generator, 2).requires_grad_(True)
    image = generator(styles)
    assert relative(slope_of(image, styles), expected_slope(generator, styles)) <= 1e-5


def test_bf16_points_the_same_way():
    generator = tiny_generator(resolution=64)
    styles = styles_for(generator, 2).requires_grad_(True)

    def slope_of_coarse(image: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(torch.nn.functional.avg_pool2d(image, 4).square().sum(), styles)[0]

    with torch.autocast("cpu", dtype=torch.bfloat16):
        image = generator(styles)
    assert image.dtype == torch.float32
    found, expected = slope_of_coarse(image), slope_of_coarse(generator.layer_by_layer(styles))
    assert found.dtype == torch.float32
    assert torch.cosine_similarity(found, expected).min() > 0.999


def test_the_second_gradient_is_that_of_the_general_path():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    noise = Noise(NoiseMode.RANDOM, seed=4)
    first = slope_of(generator(styles, noise), styles, create_graph=True)
    expected_first = expected_slope(generator, styles, noise, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), styles)
    (expected,) = torch.autograd.grad(expected_first.square().sum(), styles)
    assert relative(first.detach(), expected_first.detach()) <= 1e-5
    assert relative(second, expected) <= 1e-4


def test_unseeded_noise_is_drawn_once():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    image = generator(styles, Noise(NoiseMode.RANDOM))
    plain = slope_of(image, styles, retain_graph=True)
    again = slope_of(image, styles, create_graph=True)
    assert relative(again.detach(), plain) <= 1e-5


def test_a_kept_graph_can_be_walked_twice_and_a_freed_one_cannot():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    image = generator(styles)
    first = slope_of(image, styles, retain_graph=True)
    assert torch.equal(slope_of(image, styles), first)
    with pytest.raises(RuntimeError, match="second time"):
        slope_of(image, styles)


def test_graphs_that_live_together_share_no_memory():
    generator = tiny_generator()
    some = [styles_for(generator, 1, seed).requires_grad_(True) for seed in range(4)]
    images = [generator(styles) for styles in some]
    with torch.no_grad():
        generator(some[0])
    for styles, image in zip(some, images, strict=True):
        assert relative(slope_of(image, styles), expected_slope(generator, styles)) <= 1e-5


def test_the_memory_of_a_dead_graph_is_found_again():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    image = generator(styles)
    space = image.grad_fn.forward.space
    assert space not in fast.workspaces(generator).idle
    del image
    assert space in fast.workspaces(generator).idle


def test_weights_that_change_before_the_gradient_are_an_error():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    image = generator(styles)
    with torch.no_grad():
        generator.synthesis.b8.conv0.weight.mul_(1.1)
    with pytest.raises(RuntimeError, match="weights were changed"):
        slope_of(image, styles)


def test_whoever_else_asks_for_a_gradient_gets_it_from_the_general_path():
    generator = tiny_generator()
    styles = styles_for(generator, 1).requires_grad_(True)
    pivot = random_pivot(generator)
    asking = Pivot({name: (up.requires_grad_(True), down) for name, (up, down) in pivot.factors.items()})
    assert gradient.synthesise(generator, styles, FIXED, asking, None) is None
    assert gradient.synthesise(generator, styles, FIXED, None, torch.float64) is None
    generator.requires_grad_(True)
    assert gradient.synthesise(generator, styles, FIXED, None, None) is None


def test_threads_descend_side_by_side():
    generator = tiny_generator()
    some = [styles_for(generator, 2, seed).requires_grad_(True) for seed in range(4)]
    expected = [expected_slope(generator, styles) for styles in some]
    failures: list[float] = []

    def work(index: int) -> None:
        for _ in range(5):
            error = relative(slope_of(generator(some[index]), some[index]), expected[index])
            if error > 1e-5:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
