"""Networks of 1 to 8 channels, and networks whose pictures are not square: all kinds, all paths, there and back."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.latent import Latent, Space
from latentlab.core.noise import Noise, NoiseMode
from latentlab.networks import build, export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator

COLOURS = [1, 2, 4, 5, 8]
CONSTANTS = [(4, 4), (3, 5), (4, 2)]


def z_for(generator) -> Latent:
    return Latent(Space.Z, torch.randn(2, generator.z_width, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("kind", ["stylegan1", "stylegan2", "stylegan3"])
def test_networks_make_and_judge_pictures_of_any_number_of_channels(kind, colours):
    generator = tiny_generator(kind, colours=colours)
    images = generator.render(z_for(generator))
    assert images.shape == (2, colours, 32, 32)
    assert generator.picture_shape == (colours, 32, 32)
    assert tiny_discriminator(f"{kind}_discriminator", colours=colours)(images).shape == (2, 1)


@pytest.mark.parametrize("constant", CONSTANTS)
@pytest.mark.parametrize("kind", ["stylegan1", "stylegan2"])
def test_the_shape_of_the_constant_is_that_of_the_pictures(kind, constant):
    generator = tiny_generator(kind, constant=constant)
    height, width = (8 * side for side in constant)
    noisy = Noise(NoiseMode.RANDOM, seed=3)
    for noise in (Noise(NoiseMode.NONE), Noise(NoiseMode.CONST), noisy):
        assert generator.render(z_for(generator), noise).shape == (2, 3, height, width)
    assert generator.picture_shape == (3, height, width)
    images = generator.render(z_for(generator), noisy)
    judge = tiny_discriminator(f"{kind}_discriminator", constant=constant)
    assert judge(images).shape == (2, 1)


@pytest.mark.parametrize("colours", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("constant", CONSTANTS)
def test_the_fast_path_agrees_with_the_general_one_for_any_picture(colours, constant):
    generator = tiny_generator(colours=colours, constant=constant)
    styles = generator.lift(z_for(generator), Space.S).values
    with torch.no_grad():
        assert torch.allclose(generator(styles), generator.layer_by_layer(styles), atol=2e-5)


@pytest.mark.parametrize("colours", [1, 4])
def test_the_gradient_at_the_styles_is_right_for_any_number_of_channels(colours):
    generator = tiny_generator(colours=colours)
    styles = generator.lift(z_for(generator), Space.S).values.detach().requires_grad_(True)
    weight = torch.randn(2, colours, 32, 32, generator=torch.Generator().manual_seed(1))
    found = [
        torch.autograd.grad((image * weight).sum(), styles)[0]
        for image in (generator(styles), generator.layer_by_layer(styles))
    ]
    assert torch.allclose(*found, atol=1e-3 * float(found[1].abs().max()))


@pytest.mark.parametrize("kind", ["stylegan1", "stylegan2"])
def test_a_rectangular_network_is_exported_and_built_again(kind):
    generator = tiny_generator(kind, constant=(4, 2), colours=4)
    again = build(*export(generator))
    latent = z_for(generator)
    assert torch.equal(again.render(latent), generator.render(latent))
