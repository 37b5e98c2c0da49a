"""Every `published` network has the weights and the shapes that its layer table gives, counted layer by layer."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from latentlab.baselines import BASELINES
from latentlab.baselines.beautygan import BeautyGAN
from latentlab.networks.adalin import LIN, AdaLIN
from latentlab.networks.build import KINDS

PUBLISHED = {name: kind.preset("published") for name, kind in BASELINES.items()}


def networks(name: str, preset: str = "published") -> dict[str, nn.Module]:
    """On the meta device: 670 million weights take no memory there."""
    plans = BASELINES[name].preset(preset).blueprints()
    with torch.device("meta"):
        return {part: KINDS[kind](KINDS[kind].Arguments(**given)) for part, (kind, given) in plans.items()}  # type: ignore[attr-defined, call-arg]


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def conv(before: int, after: int, kernel: int, *, bias: bool = True) -> int:
    return before * after * kernel * kernel + (after if bias else 0)


def test_the_age_autoencoder_has_its_published_layers():
    nets = networks("caae")
    widths = (3, 64, 128, 256, 512, 1024)
    encoder = sum(conv(a, b, 5) for a, b in pairwise(widths)) + 16 * 1024 * 50 + 50
    back = (1024, 512, 256, 128, 64, 32, 16, 3)
    generator = 150 * 16384 + 16384 + sum(conv(a, b, 5) for a, b in pairwise(back))
    codes = 50 * 64 + 64 + 64 + 64 * 32 + 32 + 32 + 32 * 16 + 16 + 16 + 16 + 1
    images = conv(3, 16, 5) + conv(36, 32, 5) + conv(32, 64, 5) + conv(64, 128, 5) + 16 + 32 + 64 + 128
    images += 8 * 8 * 128 * 1024 + 1024 + 1024 + 1
    assert [count(net) for net in nets.values()] == [encoder, generator, codes, images]
    code = nets["encoder"](torch.empty(2, 3, 128, 128, device="meta"))
    labels = torch.empty(2, 10, device="meta"), torch.empty(2, 2, device="meta")
    face = nets["generator"](code, *labels)
    assert code.shape == (2, 50) and face.shape == (2, 3, 128, 128)
    assert (
        nets["image_discriminator"](face, *labels).shape == nets["code_discriminator"](code).shape == (2, 1)
    )


def test_pix2pix_has_54_million_weights_and_a_patch_discriminator_of_2_8():
    nets = networks("pix2pix")
    assert count(nets["generator"]) == pytest.approx(54.4e6, rel=0.001)
    assert count(nets["discriminator"]) == pytest.approx(2.8e6, rel=0.02)
    a = torch.empty(1, 3, 256, 256, device="meta")
    assert nets["generator"](a).shape == a.shape
    assert nets["discriminator"](torch.cat([a, a], 1)).shape == (1, 1, 30, 30)


def test_the_three_innermost_decoder_layers_of_pix2pix_drop_out():
    generator = networks("pix2pix")["generator"]
    names = [name for name, module in generator.named_modules() if type(module).__name__ == "AlwaysDropout"]
    assert [name.count("inside") for name in names] == [5, 6, 7]


def test_cyclegan_has_11_4_million_weights_a_generator():
    nets = networks("cyclegan")
    expected = conv(3, 64, 7) + conv(64, 128, 3) + conv(128, 256, 3) + 18 * conv(256, 256, 3)
    expected += conv(256, 128, 3) + conv(128, 64, 3) + conv(64, 3, 7)
    assert count(nets["a_to_b"]) == count(nets["b_to_a"]) == expected == pytest.approx(11.4e6, rel=0.01)
    assert nets["discriminator_a"](torch.empty(1, 3, 256, 256, device="meta")).shape == (1, 1, 30, 30)
    assert BASELINES["cyclegan"]().pool == 50


def test_ugatit_has_670_million_weights_of_which_two_layers_hold_537():
    nets = networks("ugatit")
    total = sum(count(net) for net in nets.values())
    assert total == pytest.approx(670e6, rel=0.002)
    largest = sorted(p.numel() for net in nets.values() for p in net.parameters())[-2:]
    assert sum(largest) == 2 * 2**20 * 256
    images = torch.empty(1, 3, 256, 256, device="meta")
    answer = nets["a_to_b"](images)
    assert answer.images.shape == images.shape
    assert answer.logits.shape == (1, 2) and answer.heat.shape == (1, 1, 64, 64)
    assert nets["global_a"](images).patches.shape == (1, 1, 6, 6)
    assert nets["local_a"](images).patches.shape == (1, 1, 30, 30)


def test_the_light_ugatit_pools_before_its_linear_layers():
    full, light = (networks("ugatit", name)["a_to_b"] for name in ("published", "light"))
    assert count(full) - count(light) == 256 * 256 * (64 * 64 - 1)


def test_ugatit_norms_begin_as_published():
    generator = networks("ugatit")["a_to_b"]
    assert sum(isinstance(m, AdaLIN) for m in generator.modules()) == 8
    assert sum(isinstance(m, LIN) for m in generator.modules()) == 2
    assert float(AdaLIN(4).rho.detach().unique()) == pytest.approx(0.9)
    assert float(LIN(4).rho.detach().unique()) == 0


def test_beautygan_has_its_published_layers():
    nets = networks("beautygan")

    def normed(before: int, after: int, kernel: int) -> int:
        return conv(before, after, kernel, bias=False) + 2 * after

    expected = 2 * (normed(3, 64, 7) + normed(64, 128, 4)) + normed(256, 256, 4) + 12 * normed(256, 256, 3)
    expected += normed(256, 128, 4) + normed(128, 64, 4)
    expected += 2 * (2 * normed(64, 64, 3) + conv(64, 3, 7, bias=False))
    assert count(nets["generator"]) == expected
    images = torch.empty(1, 3, 256, 256, device="meta")
    assert [x.shape for x in nets["generator"](images, images)] == [images.shape] * 2
    widths = (3, 64, 128, 256, 512, 1)
    layers = sum(conv(a, b, 4) for a, b in pairwise(widths))
    assert count(nets["bare_discriminator"]) == count(nets["made_up_discriminator"]) == layers
    assert nets["bare_discriminator"](images).shape == (1, 1, 30, 30)
    assert any(
        isinstance(m, nn.LeakyReLU) and m.negative_slope == 0.01 for m in nets["bare_discriminator"].modules()
    )
    assert BeautyGAN().perception == "vgg"


def test_deepfakes_has_its_published_layers():
    nets = networks("deepfakes")
    encoder = conv(3, 128, 5) + conv(128, 256, 5) + conv(256, 512, 5) + conv(512, 1024, 5)
    encoder += 16384 * 1024 + 1024 + 1024 * 16384 + 16384 + conv(1024, 2048, 3)
    decoder = conv(512, 1024, 3) + conv(256, 512, 3) + conv(128, 256, 3) + conv(64, 3, 5)
    assert [count(net) for net in nets.values()] == [encoder, decoder, decoder]
    found = nets["encoder"](torch.empty(1, 3, 64, 64, device="meta"))
    assert found.shape == (1, 512, 8, 8) and nets["decoder_a"](found).shape == (1, 3, 64, 64)


def test_g2gan_is_told_by_a_heatmap_and_judged_on_triplets():
    nets = networks("g2gan")
    assert nets["synthesis"](torch.empty(1, 4, 128, 128, device="meta")).shape == (1, 3, 128, 128)
    assert nets["removal_discriminator"](torch.empty(1, 7, 128, 128, device="meta")).shape == (1, 1, 14, 14)


def test_ffgan_regresses_276_coefficients_and_answers_with_100_pixels():
    nets = networks("ffgan")
    images = torch.empty(2, 3, 100, 100, device="meta")
    found = nets["regressor"](images)
    assert found.shape == (2, 8 + 199 + 29 + 40)
    assert nets["generator"](images, found).shape == images.shape
    assert nets["discriminator"](images).shape == (2, 2)
    layers = [m for m in nets["regressor"].modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in layers] == [32, 64, 64, 128, 96, 192, 128, 256, 160, 320]


@pytest.mark.parametrize("name", BASELINES)
def test_the_parts_of_an_edit_are_among_the_networks(name):
    assert set(PUBLISHED[name].acting) <= set(networks(name))
