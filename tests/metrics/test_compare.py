"""Samples are compared with real images in named spaces."""

from __future__ import annotations

import pytest
import torch

from latentlab.core.errors import BadInput
from latentlab.metrics.compare import compare, nearest, samples
from latentlab.metrics.features import Space, discriminator_space
from latentlab.networks.tiny import tiny_discriminator, tiny_generator


def pixels(images: torch.Tensor) -> torch.Tensor:
    return images.flatten(2).mean(2)


def test_a_generator_is_near_itself_and_far_from_another() -> None:
    one, other = tiny_generator(resolution=16), tiny_generator(resolution=16, seed=3)
    real = list(samples(one, 64, first_seed=1000))
    own = compare(real, list(samples(one, 64)), [Space("mean colour", pixels)])[0]
    strange = compare(real, list(samples(other, 64)), [Space("mean colour", pixels)])[0]
    assert own.frechet < strange.frechet
    assert own.frechet_name == "Fréchet distance (mean colour)"
    assert own.precision > 0.7
    assert (own.real, own.made) == (64, 64)


def test_every_space_has_its_row() -> None:
    generator = tiny_generator(resolution=16)
    spaces = [Space("mean colour", pixels), discriminator_space(tiny_discriminator(resolution=16))]
    rows = compare(list(samples(generator, 20)), list(samples(generator, 20, psi=0.5)), spaces)
    assert [row.space for row in rows] == ["mean colour", "discriminator features"]
    assert rows[0].recall < rows[0].precision  # truncation costs variety


def test_too_few_images_are_refused() -> None:
    with pytest.raises(BadInput, match="too few images"):
        compare([torch.zeros(4, 3, 8, 8)], [torch.zeros(9, 3, 8, 8)], [Space("mean colour", pixels)])


def test_a_repeated_training_image_is_found() -> None:
    training = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    made = torch.cat([training[7:8], torch.full((1, 6), 10.0)])
    distances = nearest(made, training)
    assert distances[0] < 1e-6
    assert distances[1] > 5
