"""Every loss on a case that can be computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from latentlab.baselines.beautygan import BeautyGAN
from latentlab.baselines.caae import CAAE, age_labels, gender_labels, total_variation
from latentlab.baselines.cyclegan import CycleGAN, linear_decay
from latentlab.baselines.deepfakes import Deepfakes, match_colours, match_means
from latentlab.baselines.ffgan import FFGAN, Scale, Turned, asymmetry, roughness
from latentlab.baselines.g2gan import G2GAN, Expressions
from latentlab.baselines.heatmaps import heatmap, moved
from latentlab.baselines.makeup_regions import boxes, makeup_distance, matched, regions, usable
from latentlab.baselines.pix2pix import Pix2pix
from latentlab.baselines.ugatit import UGATIT
from latentlab.baselines.warp import spread, straight
from latentlab.core.errors import BadInput
from latentlab.data.batches import Aged, MakeupPairs
from latentlab.networks.adalin import AdaLIN, clip_rho, mix
from latentlab.networks.attention_translator import Judged, Translated
from latentlab.networks.class_activation import ClassActivation
from latentlab.networks.image_pool import ImagePool
from latentlab.networks.makeup_transfer import Exchanged

LN2 = math.log(2)


class Says(nn.Module):
    """A network that does what a function says."""

    def __init__(self, act: Any) -> None:
        super().__init__()
        self.act = act

    def forward(self, *given: Tensor) -> Any:
        return self.act(*given)


def flat(value: float, n: int = 1, size: int = 32) -> Tensor:
    return torch.full((n, 3, size, size), value)


def mean_of(images: Tensor, *rest: Tensor) -> Tensor:
    """A discriminator whose verdict is the mean of the last three channels."""
    return images[:, -3:].mean((1, 2, 3), keepdim=True)


def test_pix2pix_weighs_the_distance_by_100():
    nets: Any = {"discriminator": Says(lambda x: x.mean() * 0)}
    a, b, fake = flat(0.0), flat(0.5), flat(0.25)
    losses = Pix2pix().generator_losses(nets, a, b, fake)
    assert losses["fool"].item() == pytest.approx(LN2)
    assert losses["reconstruction"].item() == pytest.approx(25.0)
    assert sum(Pix2pix().discriminator_losses(nets, a, b, fake).values()).item() == pytest.approx(2 * LN2)
    assert sum(Pix2pix(discriminator_weight=0.5).discriminator_losses(nets, a, b, fake).values()).item() == (
        pytest.approx(LN2)
    )


def test_cyclegan_losses():
    nets: Any = {
        "a_to_b": Says(lambda x: x + 0.1), "b_to_a": Says(lambda x: x - 0.2),
        "discriminator_a": Says(mean_of), "discriminator_b": Says(mean_of),
    }  # fmt: skip
    losses = CycleGAN().generator_losses(nets, flat(0.0), flat(0.5), flat(0.3), flat(0.1))
    expected = {
        "fool_b": (0.1 - 1) ** 2, "fool_a": (0.3 - 1) ** 2, "cycle_a": 10 * 0.1, "cycle_b": 10 * 0.1,
        "identity_a": 5 * 0.2, "identity_b": 5 * 0.1,
    }  # fmt: skip
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(expected, rel=1e-5)
    judged = CycleGAN().discriminator_losses(nets, "a", flat(0.5), flat(0.25))
    assert judged["real_a"].item() == pytest.approx(0.5 * 0.25)
    assert judged["fake_a"].item() == pytest.approx(0.5 * 0.0625)


def test_the_rate_is_constant_then_falls_to_nothing():
    assert [linear_decay(i, 100, 50) for i in (0, 99, 100, 125, 150, 500)] == [1, 1, 1, 0.5, 0, 0]


def test_ugatit_losses():
    def translated(x: Tensor) -> Translated:
        return Translated(x + 0.1, torch.zeros(1, 2), x)

    def judged(x: Tensor) -> Judged:
        return Judged(torch.full((1, 1, 2, 2), 0.5), torch.full((1, 2), 2.0), x)

    nets: Any = {"a_to_b": Says(translated), "b_to_a": Says(translated)}
    nets |= {f"{reach}_{side}": Says(judged) for reach in ("global", "local") for side in "ab"}
    losses = UGATIT().generator_losses(
        nets, flat(0.0), flat(0.5), translated(flat(0.5)), translated(flat(0.0))
    )
    assert losses["cycle"].item() == pytest.approx(10 * (0.2 + 0.2), rel=1e-5)
    assert losses["identity"].item() == pytest.approx(10 * (0.1 + 0.1), rel=1e-5)
    assert losses["attention"].item() == pytest.approx(1000 * 4 * LN2, rel=1e-5)
    assert losses["fool_local_b"].item() == pytest.approx(0.25 + 1)
    against = UGATIT().discriminator_losses(nets, "a", flat(0.0), flat(0.0))
    assert against["global_a_patches"].item() == pytest.approx(0.25 + 0.25)
    assert against["local_a_logits"].item() == pytest.approx(1 + 4)


def test_adalin_lies_between_instance_and_layer_norm():
    x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    instance = torch.nn.functional.instance_norm(x, eps=1e-5)
    layer = torch.nn.functional.layer_norm(x, x.shape[1:], eps=1e-5)
    for rho in (0.0, 0.25, 1.0):
        expected = rho * instance + (1 - rho) * layer
        assert torch.allclose(mix(x, torch.full((1, 3, 1, 1), rho)), expected, atol=1e-6)
    norm = AdaLIN(3)
    gamma, beta = torch.tensor([[2.0, 1, 1]] * 2), torch.tensor([[0.0, 3, 0]] * 2)
    plain = 0.9 * instance + 0.1 * layer
    assert torch.allclose(norm(x, gamma, beta)[:, 0], 2 * plain[:, 0], atol=1e-5)
    assert torch.allclose(norm(x, gamma, beta)[:, 1], plain[:, 1] + 3, atol=1e-5)


def test_rho_is_brought_back_into_its_range():
    norm = AdaLIN(2)
    norm.rho.data.copy_(torch.tensor([-0.5, 1.5]).view(1, 2, 1, 1))
    clip_rho(nn.Sequential(norm))
    assert norm.rho.flatten().tolist() == [0, 1]


def test_class_activation_scales_channels_by_its_classifiers():
    attention = ClassActivation(2)
    attention.average.weight.data = torch.tensor([[2.0, 3.0]])
    attention.largest.weight.data = torch.tensor([[5.0, 7.0]])
    attention.mix.weight.data = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1]])[:, :, None, None]
    attention.mix.bias.data.zero_()
    x = torch.tensor([[[[1.0, 3.0]], [[0.0, 4.0]]]])
    answer = attention(x)
    assert answer.logits.tolist() == [[2 * 2 + 3 * 2, 5 * 3 + 7 * 4]]
    assert answer.features[0, :, 0].tolist() == [[2, 6], [0, 28]]


def test_the_pool_gives_back_older_fakes():
    pool = ImagePool(1, capacity=2)
    first = torch.arange(2.0).view(2, 1, 1, 1).expand(2, 3, 1, 1)
    assert torch.equal(pool(first, torch.ones(2, 2)), first)
    later = torch.full((2, 3, 1, 1), 9.0)
    answer = pool(later, torch.tensor([[0.4, 0.0], [0.6, 0.99]]))
    assert answer[:, 0, 0, 0].tolist() == [9, 1]
    assert pool.kept[:, 0, 0, 0].tolist() == [0, 9]


def test_age_groups_end_where_they_are_published():
    ages = torch.tensor([0.0, 5, 6, 10, 11, 20, 21, 30, 70, 71, 116])
    groups = age_labels(ages).argmax(1).tolist()
    assert groups == [0, 0, 1, 1, 2, 3, 4, 4, 8, 9, 9]
    assert set(age_labels(ages).unique().tolist()) == {-1, 1}
    assert gender_labels(torch.tensor([0.0, 1.0])).tolist() == [[1, -1], [-1, 1]]
    with pytest.raises(BadInput, match="120"):
        age_labels(torch.tensor([121.0]))


def test_caae_losses_as_released_and_as_in_the_paper():
    nets: Any = {
        "encoder": Says(lambda x: torch.zeros(1, 50)), "generator": Says(lambda z, a, g: flat(0.5)),
        "image_discriminator": Says(lambda x, a, g: torch.zeros(1, 1)),
        "code_discriminator": Says(lambda z: torch.zeros(1, 1)),
    }  # fmt: skip
    batch = Aged(flat(0.25), torch.tensor([30.0]), torch.tensor([1.0]), torch.zeros(1))
    code, again = torch.zeros(1, 50), flat(0.5)
    released = CAAE().reconstruction_losses(batch, again) | CAAE().prior_losses(nets, batch, code, again)
    assert {n: v.item() for n, v in released.items()} == pytest.approx(
        {"reconstruction": 0.25, "fool_image": 1e-4 * LN2}
    )
    method = CAAE.preset("paper")
    paper = method.reconstruction_losses(batch, again) | method.prior_losses(nets, batch, code, again)
    assert {n: v.item() for n, v in paper.items()} == pytest.approx(
        {"reconstruction": 100 * 0.0625, "fool_image": LN2, "fool_code": LN2, "smoothness": 0}
    )
    assert sum(CAAE().code_losses(nets, batch, torch.zeros(1, 50)).values()).item() == pytest.approx(2 * LN2)


def test_variations_of_a_ramp():
    ramp = torch.arange(4.0)[None, None, None].expand(1, 3, 4, 4) / 4
    assert total_variation(ramp).item() == pytest.approx(0.0625)
    assert roughness(ramp).item() == pytest.approx(0.25)


def test_asymmetry_counts_only_what_was_seen():
    images = torch.tensor([0.0, 0.0, 1.0, 0.5])[None, None, None].expand(1, 3, 4, 4)
    left = torch.tensor([1.0, 1.0, 0.0, 0.0])[None, None, None].expand(1, 1, 4, 4)
    assert asymmetry(images, left).item() == pytest.approx((0.5 + 1.0) / 4)
    assert asymmetry(images, torch.zeros(1, 1, 4, 4)).item() == 0


def test_ffgan_losses():
    method = FFGAN(size=32, groups=(2, 1))
    nets: Any = {
        "scale": Scale(3), "regressor": Says(lambda x: torch.tensor([[0.5, 0.5, 2.0]])),
        "generator": Says(lambda x, c: flat(0.5)), "discriminator": Says(lambda x: torch.zeros(1, 2)),
        "recogniser": Says(lambda x: x.mean((2, 3))),
    }  # fmt: skip
    batch = Turned(flat(0.0), flat(0.25), torch.zeros(1, 3), torch.ones(1, 1, 32, 32))
    regressed = method.regressor_losses(nets, batch)
    assert [v.item() for v in regressed.values()] == pytest.approx([0.25, 4.0])
    losses = {name: value.item() for name, value in method.generator_losses(nets, batch, flat(0.5)).items()}
    expected = {"distance": 0.25, "smoothness": 0, "symmetry": 0, "fool": 0.01 * LN2, "identity": 0.05 * 0.75}
    assert losses == pytest.approx(expected)
    assert sum(method.discriminator_losses(nets, batch, flat(0.0)).values()).item() == pytest.approx(2 * LN2)


def test_coefficients_are_learned_in_standard_deviations():
    scale = Scale(1)
    scale.take(torch.tensor([[1.0], [3.0]]))
    scale.take(torch.tensor([[1.0], [3.0]]))
    assert scale(torch.tensor([[3.0]])).item() == pytest.approx(1.0)


def test_g2gan_losses():
    nets: Any = {
        "synthesis": Says(lambda x: x[:, :3] + 0.1), "removal": Says(lambda x: x[:, :3] - 0.2),
        "synthesis_discriminator": Says(lambda x: torch.zeros(1, 1)), "removal_discriminator": Says(lambda x: torch.zeros(1, 1)),
        "recogniser": Says(lambda x: x.mean((2, 3))),
    }  # fmt: skip
    batch = Expressions(flat(0.0), flat(0.5), torch.zeros(1, 68, 2))
    fakes = {"synthesis": flat(0.1), "removal": flat(0.3)}
    losses = {n: v.item() for n, v in G2GAN(size=32).generator_losses(nets, batch, fakes).items()}
    expected = {
        "synthesis_fool": LN2, "synthesis_pixel": 10 * 0.4, "synthesis_cycle": 5 * 0.1, "synthesis_identity": 0.1 * 0.4,
        "removal_fool": LN2, "removal_pixel": 10 * 0.3, "removal_cycle": 5 * 0.1, "removal_identity": 0.1 * 0.3,
    }  # fmt: skip
    assert losses == pytest.approx(expected, rel=1e-5)
    judged = G2GAN(size=32).discriminator_losses(nets, batch)
    assert sum(judged.values()).item() == pytest.approx(4 * LN2)


def test_a_heatmap_is_brightest_at_its_points_and_fades_by_a_gaussian():
    landmarks = torch.full((1, 68, 2), 64.0)
    landmarks[0, 0] = torch.tensor([30.0, 90.0])
    maps = heatmap(landmarks, 128)
    assert maps[0, 0, 64, 64] == maps[0, 0, 90, 30] == 1
    assert maps[0, 0, 64, 67].item() == pytest.approx(2 * math.exp(-0.5) - 1, abs=1e-5)
    assert maps.min() >= -1


def test_expressions_move_points_along_the_axes_of_the_face():
    face = torch.zeros(1, 68, 2)
    face[0, 36], face[0, 45] = torch.tensor([0.0, 0.0]), torch.tensor([0.0, 10.0])  # lying on its side
    move = torch.zeros(68, 2)
    move[48] = torch.tensor([0.1, 0.2])
    after = moved(face, move, 0.5)
    assert after[0, 48].tolist() == pytest.approx([-0.5 * 0.2 * 10, 0.5 * 0.1 * 10])


def test_matching_takes_over_the_histogram_of_the_reference():
    draw = torch.Generator().manual_seed(4)
    image, reference = (
        torch.rand(1, 3, 64, 64, generator=draw) - 0.9,
        torch.rand(1, 3, 64, 64, generator=draw),
    )
    everywhere = torch.ones(1, 1, 64, 64, dtype=torch.bool)
    answer = matched(image, reference, everywhere, everywhere)
    for share in (0.1, 0.5, 0.9):
        goal = ((reference + 1) / 2 * 255).flatten().quantile(share)
        assert answer.flatten().quantile(share).item() == pytest.approx(goal.item(), abs=1.5)
    order = image[0, 0].flatten().argsort()
    assert bool((answer[0, 0].flatten()[order].diff() >= 0).all())


def test_matching_two_colours_by_hand():
    image = torch.full((1, 3, 2, 2), -1.0)
    image[..., 0] = 0.0  # bytes 0 and 127.5, half each
    reference = torch.full((1, 3, 2, 2), 1.0)
    reference[..., 0, :] = 0.2
    everywhere = torch.ones(1, 1, 2, 2, dtype=torch.bool)
    answer = matched(image, reference, everywhere, everywhere)
    assert answer[0, 0].tolist() == [[255, 153], [255, 153]]
    only = everywhere.clone()
    only[..., 1, :] = False
    assert matched(image, reference, only, everywhere)[0, 0, 1].tolist() == [127.5, 0]
    distance = makeup_distance(image, reference, only, everywhere)
    assert distance.item() == pytest.approx((255 - 127.5 + 153) / 4)


def test_no_gradient_goes_through_the_match():
    image = torch.zeros(1, 3, 4, 4, requires_grad=True)
    region = torch.ones(1, 1, 4, 4, dtype=torch.bool)
    makeup_distance(image, torch.full((1, 3, 4, 4), 0.5), region, region).backward()
    assert torch.allclose(image.grad, torch.full_like(image, -127.5 / 48))


def test_regions_are_those_of_the_authors():
    mask = torch.zeros(1, 256, 256, dtype=torch.int64)
    mask[:, 50:250] = 1
    mask[:, 100:110, 60:80], mask[:, 100:110, 150:170] = 4, 5
    mask[:, 200:204, 100:150], mask[:, 208:212, 100:150] = 7, 9
    found = regions(mask)
    assert int(found["lips"].sum()) == 2 * 4 * 50
    assert int(found["eye_left"].sum()) == 30 * 40 - 10 * 20
    assert not found["skin"][0, 0, 105, 70]
    assert bool(usable(mask)) and not bool(usable(mask.where(mask != 5, 1)))
    assert not boxes(torch.zeros(1, 8, 8, dtype=torch.bool)).any()


def test_beautygan_losses():
    mask = torch.ones(1, 32, 32, dtype=torch.int64)
    mask[:, 20:24], mask[:, 8:10, 4:8], mask[:, 8:10, 20:24] = 7, 4, 5
    batch = MakeupPairs(flat(0.0), mask, flat(0.5), mask)
    nets: Any = {
        "generator": Says(lambda s, r: Exchanged(s + 0.1, r - 0.1)), "perception": Says(lambda x: x),
        "made_up_discriminator": Says(mean_of), "bare_discriminator": Says(mean_of),
    }  # fmt: skip
    losses = {
        n: v.item()
        for n, v in BeautyGAN(perception="identity")
        .generator_losses(nets, batch, Exchanged(flat(0.1), flat(0.4)))
        .items()
    }
    # the outputs are (.1, .4); fed back as (.4, .1) they give made up .5 and bare 0: the cycle is closed
    assert losses["cycle"] == pytest.approx(0, abs=1e-5)
    assert losses["perceptual"] == pytest.approx(0.5 * 10 * 0.005 * 2 * 0.01, rel=1e-4)
    assert losses["identity"] == pytest.approx(0.5 * 10 * 0.5 * 4 * 0.1, rel=1e-4)
    assert losses["fool_made_up"] == pytest.approx(0.81, rel=1e-4)
    lips = 4 * 32 / 1024
    # one colour becomes the other: 191 from 140.25, and 128 (the byte of 127.5) from 178.5
    assert losses["lips"] == pytest.approx(lips * (191 - 140.25 + 178.5 - 128), rel=1e-4)
    assert losses["skin"] < losses["lips"]
    judged = BeautyGAN(perception="identity").discriminator_losses(nets, batch, flat(0.1), flat(0.4))
    assert judged["made_up_real"].item() == pytest.approx(0.5 * 0.25)
    assert judged["bare_fake"].item() == pytest.approx(0.5 * 0.16)


def test_a_pair_without_an_eye_has_no_makeup_loss():
    mask = torch.ones(1, 32, 32, dtype=torch.int64)
    mask[:, 20:24] = 7
    batch = MakeupPairs(flat(0.0), mask, flat(0.5), mask)
    losses = BeautyGAN(perception="identity").makeup_losses(batch, flat(0.1), flat(0.4))
    assert all(value.item() == 0 for value in losses.values())


def test_deepfakes_loss_and_colours():
    losses = Deepfakes(size=32).losses(flat(0.75), flat(0.5))
    assert losses["reconstruction"].item() == pytest.approx(0.25)
    assert match_means(flat(0.1), flat(0.3)).mean().item() == pytest.approx(0.3)
    draw = torch.Generator().manual_seed(2)
    one, other = torch.rand(1, 3, 8, 8, generator=draw) / 2, torch.rand(1, 3, 8, 8, generator=draw) - 0.5
    after = match_colours(one, other, torch.ones(1, 1, 8, 8))
    assert torch.allclose(after.mean((2, 3)), other.mean((2, 3)), atol=1e-5)
    assert torch.allclose(after.std((2, 3)), other.std((2, 3)), atol=1e-3)


def test_an_unshaken_grid_warps_nothing():
    steps = torch.linspace(48, 208, 5)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    grid = torch.stack([x, y])[None]
    dense, plain = spread(grid, 64), straight(grid, 64)
    assert plain[0, 0, 0, 0].item() == pytest.approx(48) and plain[0, 1, 32, 0].item() == pytest.approx(
        128, abs=1e-3
    )
    inner = (slice(None), slice(None), slice(8, 56), slice(8, 56))
    assert float((dense - plain)[inner].abs().max()) < 2.0  # OpenCV's resize samples half a step beside


def test_the_target_of_a_turned_and_enlarged_grid_is_its_similarity():
    steps = torch.linspace(-80, 80, 5)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    turned = torch.stack([0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y])[None] * 1.1 + 128
    places = straight(turned, 64)
    expected = torch.tensor([0.8 * -80 - 0.6 * -80, 0.6 * -80 + 0.8 * -80]) * 1.1 + 128
    assert torch.allclose(places[0, :, 0, 0], expected, atol=1e-3)
