"""The image-to-image networks have the published shapes."""

from __future__ import annotations

import pytest
import torch

from latentlab.networks.resnet import ResNetArguments, ResNetGenerator
from latentlab.networks.unet import PatchArguments, PatchDiscriminator, UNet, UNetArguments


def test_a_unet_returns_an_image_of_the_same_size_and_stays_noisy():
    network = UNet(UNetArguments(width=4, levels=5)).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        one, other = network(images), network(images)
    assert one.shape == images.shape
    assert one.abs().max() <= 1
    assert not torch.equal(one, other)


def test_the_published_unet_has_the_published_number_of_weights():
    assert sum(p.numel() for p in UNet(UNetArguments()).parameters()) == pytest.approx(54.4e6, rel=0.01)


def test_the_published_resnet_has_the_published_number_of_weights():
    assert sum(p.numel() for p in ResNetGenerator(ResNetArguments()).parameters()) == pytest.approx(
        11.38e6, rel=0.01
    )


def test_a_resnet_keeps_the_size_and_is_deterministic():
    network = ResNetGenerator(ResNetArguments(width=4, blocks=1)).eval()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(images), network(images))
        assert network(images).shape == images.shape


def test_the_patch_discriminator_of_256_pixels_gives_30_by_30_logits():
    with torch.no_grad():
        assert PatchDiscriminator(PatchArguments(6, width=4))(torch.randn(1, 6, 256, 256)).shape == (
            1,
            1,
            30,
            30,
        )


def test_a_logit_of_the_patch_discriminator_sees_70_pixels():
    discriminator = PatchDiscriminator(PatchArguments(3, width=4, norm="none"))
    images = torch.randn(1, 3, 256, 256, requires_grad=True)
    discriminator(images)[0, 0, 15, 15].backward()
    seen = images.grad.abs().sum((0, 1))
    assert int((seen.sum(0) > 0).sum()) == 70
    assert int((seen.sum(1) > 0).sum()) == 70
