"""Promises of all networks: gradients of any order, S in and S out, seeds, copies, and weight files that do not fit."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput, BadWeights, UnknownName
from latentlab.core.latent import FeatureCorrection, Latent, Space
from latentlab.core.noise import Noise, NoiseMode
from latentlab.core.pivot import Pivot
from latentlab.networks import build, export
from latentlab.networks.modulation import modulated_convolution
from latentlab.networks.tiny import tiny_discriminator, tiny_generator

GENERATORS = ["stylegan1", "stylegan2", "stylegan3"]
DISCRIMINATORS = [f"{kind}_discriminator" for kind in GENERATORS]
ENCODERS = ["encoder_e4e", "encoder_psp", "encoder_w", "encoder_last"]
TINY_ENCODER = {"styles": 8, "input_size": 64, "depth": 18, "base_width": 8, "w_width": 32}


def z_for(generator, count: int = 2) -> Latent:
    source = torch.Generator().manual_seed(7)
    return Latent(Space.Z, torch.randn(count, generator.z_width, generator=source))


@pytest.mark.parametrize("kind", GENERATORS)
def test_every_step_of_the_ladder_gives_the_same_image(kind):
    generator = tiny_generator(kind)
    images = []
    for space in Space:
        latent = generator.lift(z_for(generator), space)
        generator.check(latent)
        images.append(generator.render(latent))
    assert images[0].shape == (2, 3, 32, 32)
    assert all(torch.allclose(image, images[0], atol=1e-6) for image in images)


@pytest.mark.parametrize("kind", GENERATORS)
def test_style_weights_are_the_maps_that_styles_uses(kind):
    generator = tiny_generator(kind)
    w_plus = torch.randn(1, generator.layers, generator.w_width)
    step = torch.randn(generator.w_width)
    for index, layer in enumerate(generator.style_layers):
        moved = w_plus.clone()
        moved[:, layer.w_index] += step
        change = (generator.styles(moved) - generator.styles(w_plus))[0, layer.channels]
        assert torch.allclose(change, generator.style_weight(index) @ step, atol=1e-4), layer.name


@pytest.mark.parametrize("kind", GENERATORS)
def test_labels_change_the_image_and_have_to_be_given(kind):
    generator = tiny_generator(kind, condition_width=3)
    z = z_for(generator).values
    one = generator.map(z, torch.eye(3)[:1])
    other = generator.map(z, torch.eye(3)[1:2])
    assert one.shape == (2, generator.w_width)
    assert not torch.allclose(one, other)
    with pytest.raises(BadInput, match="0 to 2"):
        generator.map(z)
    with pytest.raises(BadInput, match=r"\[n 3\]"):
        generator.map(z, torch.ones(2, 5))


@pytest.mark.parametrize("kind", GENERATORS)
def test_weights_learn_through_two_orders_of_gradient(kind):
    generator = tiny_generator(kind, resolution=16).requires_grad_(True)
    w_plus = generator.lift(z_for(generator), Space.W_PLUS).values.detach().requires_grad_(True)
    image = generator(generator.styles(w_plus))
    (slope,) = torch.autograd.grad((image * torch.randn_like(image)).sum(), w_plus, create_graph=True)
    slope.square().sum().backward()
    learning = [p for name, p in generator.synthesis.named_parameters() if name.endswith("affine.weight")]
    learning += [p for name, p in generator.synthesis.named_parameters() if name.endswith("style.weight")]
    assert learning
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in learning)
    assert any(p.grad.abs().max() > 0 for p in learning)


@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_a_discriminator_can_be_penalised_for_its_slope(kind):
    discriminator = tiny_discriminator(kind, resolution=16).requires_grad_(True)
    images = torch.randn(4, 3, 16, 16, requires_grad=True)
    (slope,) = torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)
    slope.square().sum().backward()
    weight = next(discriminator.parameters())
    assert weight.grad is not None
    assert weight.grad.abs().max() > 0


def test_modulated_convolution_passes_gradgradcheck():
    source = torch.Generator().manual_seed(0)
    draw = [
        torch.randn(shape, generator=source, dtype=torch.float64)
        for shape in ((2, 3, 4, 4), (2, 3, 3, 3), (2, 3))
    ]
    inputs = [value.requires_grad_(True) for value in draw]
    fir = torch.tensor([0.25, 0.75, 0.75, 0.25], dtype=torch.float64)
    for up in (1, 2):
        assert torch.autograd.gradcheck(
            lambda x, w, s, up=up: modulated_convolution(x, w, s, fir, up), inputs
        )
        assert torch.autograd.gradgradcheck(
            lambda x, w, s, up=up: modulated_convolution(x, w, s, fir, up), inputs
        )


@pytest.mark.parametrize("architecture", ["skip", "orig", "resnet"])
def test_every_wiring_of_generator_and_discriminator_runs(architecture):
    generator = tiny_generator(architecture=architecture)
    discriminator = tiny_discriminator(architecture=architecture, condition_width=2, resolution=32)
    images = generator.render(z_for(generator, 4))
    assert discriminator(images, torch.eye(2)[[0, 1, 0, 1]]).shape == (4, 1)
    assert list(discriminator.features(images)) == [16, 8, 4]


@pytest.mark.parametrize("kind", ["stylegan1", "stylegan2"])
def test_a_noise_seed_repeats_and_does_not_depend_on_the_batch(kind):
    generator = tiny_generator(kind)
    latent = z_for(generator, 3)
    whole = generator.render(latent, Noise(NoiseMode.RANDOM, seed=5))
    alone = generator.render(latent[2], Noise(NoiseMode.RANDOM, seed=7))
    other = generator.render(latent[2], Noise(NoiseMode.RANDOM, seed=8))
    assert torch.allclose(whole[2:], alone, atol=1e-5)
    assert not torch.allclose(alone, other, atol=1e-3)


def test_a_noise_map_of_the_wrong_size_is_named():
    generator = tiny_generator()
    with pytest.raises(BadInput, match=r"b16\.conv0"):
        generator.render(z_for(generator), Noise(maps={"b16.conv0": torch.zeros(8, 8)}))


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_pivot_moves_the_image_and_learns(kind):
    generator = tiny_generator(kind)
    layer = generator.style_layers[-2].name
    weight = generator.synthesis.get_submodule(layer).weight
    up = torch.randn(weight.shape[0], 1, requires_grad=True)
    down = torch.randn(1, weight[0].numel(), requires_grad=True)
    latent = z_for(generator)
    image = generator.render(latent, pivot=Pivot({layer: (up, down)}))
    assert not torch.allclose(image, generator.render(latent), atol=1e-4)
    image.sum().backward()
    assert up.grad is not None
    assert down.grad is not None


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_feature_correction_is_added_where_it_says(kind):
    generator = tiny_generator(kind)
    latent = generator.lift(z_for(generator), Space.S)
    found: dict[str, torch.Tensor] = {}
    layer = [layer for layer in generator.style_layers if layer.kind == "conv" and layer.resolution >= 16][1]
    module = generator.synthesis.get_submodule(layer.name)
    handle = module.register_forward_hook(lambda *args: found.update(x=args[-1]))
    plain = generator.render(latent)
    handle.remove()
    values = torch.ones_like(found["x"])
    size = found["x"].shape[-1]
    corrected = generator.render(Latent(Space.S, latent.values, FeatureCorrection(size, values)))
    nothing = generator.render(Latent(Space.S, latent.values, FeatureCorrection(size, values * 0)))
    assert torch.allclose(nothing, plain, atol=1e-5)
    assert not torch.allclose(corrected, plain, atol=1e-3)


def test_the_average_follows_what_is_mapped():
    generator = tiny_generator()
    w = torch.full((4, generator.w_width), 2.0)
    before = generator.w_average.clone()
    generator.mapping.update_average(w, beta=0.75)
    assert torch.allclose(generator.w_average, before * 0.75 + 0.5)


@pytest.mark.parametrize("kind", ENCODERS)
def test_small_encoders_land_in_w_plus(kind):
    encoder = build(kind, TINY_ENCODER, None, seed=1)
    codes = encoder(torch.randn(2, 3, 64, 64))
    assert codes.shape == (2, 8, 32)
    assert torch.isfinite(codes).all()


@pytest.mark.parametrize(
    "network",
    [
        *(lambda kind=kind: tiny_generator(kind) for kind in GENERATORS),
        *(lambda kind=kind: tiny_discriminator(kind) for kind in DISCRIMINATORS),
        lambda: build("encoder_e4e", TINY_ENCODER, None),
        lambda: build("arcface", {"depth": 18, "base_width": 8, "input_size": 32}, None),
    ],
)
def test_what_is_exported_builds_the_same_network(network):
    first = network()
    second = build(*export(first))
    state = second.state_dict()
    assert list(state) == list(first.state_dict())
    assert all(torch.equal(value, state[name]) for name, value in first.state_dict().items())


def test_fresh_weights_depend_on_the_seed_alone():
    first, again, other = (tiny_generator(seed=seed) for seed in (1, 1, 2))
    assert first.hash == again.hash
    assert first.hash != other.hash


def without(tensors, name):
    return {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: without(t, "synthesis.b8.conv1.bias"), "synthesis.b8.conv1.bias' is missing"),
        (lambda t: t | {"synthesis.b8.conv2.bias": torch.zeros(3)}, "has no place in this network"),
        (lambda t: t | {"synthesis.b8.conv1.bias": torch.zeros(3)}, r"shape \[3\]"),
        (lambda t: t | {"mapping.fc0.weight": torch.full((32, 32), torch.nan)}, "not finite"),
        (lambda t: t | {"synthesis.b4.const": t["synthesis.b4.const"] / 0}, "not finite"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change, words):
    kind, arguments, tensors = export(tiny_generator())
    with pytest.raises(BadWeights, match=words):
        build(kind, arguments, change(tensors))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"resolution": 33, "channels": {4: 8}}, "a power of two"),
        ({"resolution": 16, "channels": {4: 8, 8: 8}}, "16×16"),
        ({"resolution": 16, "chanels": {}}, "did you mean 'channels'"),
        ({"resolution": "many", "channels": {}}, "resolution = 'many'"),
    ],
)
def test_arguments_that_make_no_network_are_named(arguments, words):
    with pytest.raises(BadWeights, match=words):
        build("stylegan2", arguments, None)


def test_unknown_kinds_suggest_a_known_one():
    with pytest.raises(UnknownName, match="stylegan2"):
        build("stylegan22", {}, None)


def test_a_file_without_an_average_gets_a_measured_one():
    kind, arguments, tensors = export(tiny_generator())
    generator = build(kind, arguments, without(tensors, "mapping.w_avg"))
    assert torch.allclose(generator.w_average, tensors["mapping.w_avg"], atol=0.2)
    assert generator.w_average.abs().max() > 0


def test_filters_that_the_taps_do_not_make_are_kept():
    kind, arguments, tensors = export(tiny_generator())
    odd = torch.rand(4, 4)
    generator = build(kind, arguments, tensors | {"synthesis.b8.conv0.resample_filter": odd})
    assert torch.equal(generator.synthesis.b8.conv0.resample_filter, odd)
    assert "synthesis.b8.conv0.resample_filter" in export(generator)[2]
    assert torch.equal(
        build(*export(generator)).synthesis.b8.conv0.resample_filter,
        odd,
    )


def test_a_discriminator_asks_for_whole_groups():
    with pytest.raises(BadInput, match="groups of 4"):
        tiny_discriminator()(torch.randn(6, 3, 32, 32))
