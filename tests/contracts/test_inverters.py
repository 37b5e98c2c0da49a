"""What every inverter promises, over the registry: faces come home, masks hide, seeds repeat, nothing descends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from latentlab.core.errors import BadInput, LatentLabError, MissingPart, SpaceMismatch, UnknownName
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.pivot import STORED, Pivot
from latentlab.core.seeds import draw_z
from latentlab.inversion import INVERTERS
from latentlab.inversion.auto import Auto
from latentlab.inversion.inverter import Given, Inverter
from latentlab.inversion.pivot import PivotalTuning
from latentlab.networks.tiny import tiny_generator

QUICK: dict[str, dict[str, object]] = {
    "descend": {"steps": 60},
    "projector": {"steps": 60, "learning_rate": 0.2},
    "pivot": {"steps": 20},
    "auto": {"budget": 1e6},
}
HOME = {"projector": 0.06}
"""Errors that a short run reaches, where they are not below 0.01; two drawn faces are 0.17 apart."""


def tame(generator: Generator) -> Generator:
    """Random networks overshoot; this one's pictures stay in [-1, 1]."""
    with torch.no_grad():
        for name, value in generator.named_parameters():
            if "torgb" in name and "affine" not in name:
                value.mul_(0.2)
    return generator


class Lookup(nn.Module):
    """Stands for a perfect encoder: knows the latents of a few pictures, answers with that of the nearest."""

    input_size = 32

    def __init__(self, images: Tensor, values: Tensor, input_channels: int = 3) -> None:
        super().__init__()
        self.images, self.values, self.input_channels = images, values, input_channels

    def forward(self, pictures: Tensor) -> Tensor:
        gap = (pictures[:, None, :3] - self.images[None]).square().flatten(2).mean(dim=2)
        return self.values[gap.argmin(dim=1)]


@pytest.fixture(scope="module")
def generator() -> Generator:
    return tame(tiny_generator())


@pytest.fixture(scope="module")
def latent(generator: Generator) -> Latent:
    return generator.lift(Latent(Space.Z, draw_z([101, 102, 103], generator.z_width)), Space.W_PLUS)


@pytest.fixture(scope="module")
def faces(generator: Generator, latent: Latent) -> Tensor:
    with torch.no_grad():
        return generator.render(latent).clamp(-1, 1)


@pytest.fixture(scope="module")
def given(generator: Generator, latent: Latent, faces: Tensor) -> dict[str, Given]:
    """What each method needs besides its fields; `refine` gets differences from the average as answers."""
    exact = Lookup(faces, latent.values.detach())
    steps = Lookup(faces, (latent.values.detach() - generator.w_average) / 5, input_channels=6)
    return {"encode": Given(encoder=exact), "refine": Given(encoder=steps), "auto": Given(encoder=exact)}


def weight_of(pivot: Pivot) -> int:
    """What it weighs in a file, in bytes."""
    return sum(value.numel() * STORED.itemsize for value in pivot.tensors().values())


def build(name: str) -> Inverter:
    return INVERTERS.build(name, **QUICK.get(name, {}))


@pytest.mark.parametrize("name", INVERTERS)
def test_inverters_come_home(name: str, generator: Generator, faces: Tensor, given: dict[str, Given]) -> None:
    inversion = build(name).invert(generator, faces[:1], given.get(name, Given()))

    assert inversion.error.max() < HOME.get(name, 0.01)
    shown = generator.render(inversion.latent, inversion.noise, inversion.pivot)
    assert torch.equal(shown, inversion.image), "the picture is not the one that the saved parts give"
    assert inversion.model == generator.hash
    assert "(" in inversion.method
    assert inversion.steps > 0
    assert inversion.seconds > 0
    assert {"mse", "psnr", "ms_ssim", "typicality"} <= set(inversion.measures)


@pytest.mark.parametrize("name", INVERTERS)
def test_what_the_mask_hides_changes_nothing(
    name: str, generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    mask = torch.ones(1, 1, 32, 32)
    mask[..., 16:, :16] = 0
    spoilt = faces[:1] * mask + torch.full_like(faces[:1], 0.9) * (1 - mask)
    setting = replace(given.get(name, Given()), mask=mask)

    clean = build(name).invert(generator, faces[:1], setting)
    occluded = build(name).invert(generator, spoilt, setting)

    assert torch.equal(clean.latent.values, occluded.latent.values)
    assert torch.equal(clean.image, occluded.image)


@pytest.mark.parametrize("name", INVERTERS)
def test_the_same_seed_brings_the_same_latent(
    name: str, generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    setting = replace(given.get(name, Given()), seed=7)
    first = build(name).invert(generator, faces[:1], setting)
    second = build(name).invert(generator, faces[:1], setting)
    assert torch.equal(first.latent.values, second.latent.values)
    assert torch.equal(first.image, second.image)


@pytest.mark.parametrize("name", [name for name in INVERTERS if name not in {"pivot", "auto"}])
def test_a_face_does_not_depend_on_its_neighbours(
    name: str, generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    setting = given.get(name, Given())
    alone = build(name).invert(generator, faces[1:2], setting)
    together = build(name).invert(generator, faces, setting)
    assert torch.allclose(together.image[1:2], alone.image, atol=2e-2)


@pytest.mark.parametrize("name", INVERTERS)
def test_no_inverter_changes_the_generator(
    name: str, generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    before = generator.hash
    build(name).invert(generator, faces[:1], given.get(name, Given()))
    assert generator.hash == before
    assert all(value.grad is None for value in generator.parameters())


def test_every_space_can_be_inverted_into_and_each_result_starts_the_next(
    generator: Generator, faces: Tensor
) -> None:
    start = None
    for space in Space:
        inverter = INVERTERS.build("descend", space=space, steps=30)
        result = inverter.invert(generator, faces[:1], Given(start=start))
        assert result.latent.space is space
        assert start is None or result.error.max() <= start.error.max() + 0.02
        start = result


@pytest.mark.parametrize("name", ["descend", "projector"])
def test_no_inverter_takes_a_start_from_above_its_space(
    name: str, generator: Generator, faces: Tensor
) -> None:
    above = INVERTERS.build("descend", space=Space.S, steps=1).invert(generator, faces[:1])
    with pytest.raises(SpaceMismatch, match="above"):
        INVERTERS.build(name, space=Space.W).invert(generator, faces[:1], Given(start=above))


def test_a_start_of_another_network_is_refused(generator: Generator, faces: Tensor) -> None:
    foreign = INVERTERS.build("descend", steps=1).invert(tiny_generator(seed=1), faces[:1])
    with pytest.raises(LatentLabError, match="start was inverted in network"):
        INVERTERS.build("pivot", steps=1).invert(generator, faces[:1], Given(start=foreign))


def test_a_pivot_reproduces_what_no_latent_can_and_stays_small(generator: Generator, faces: Tensor) -> None:
    alien = (faces[:1] + 0.3 * torch.linspace(-1, 1, 32)).clamp(-1, 1)
    start = INVERTERS.build("descend", steps=40).invert(generator, alien)
    tuned = INVERTERS.build("pivot", steps=150, enough_psnr=40.0).invert(generator, alien, Given(start=start))

    assert tuned.error.max() < 0.6 * start.error.max()
    assert torch.equal(tuned.latent.values, start.latent.values)
    assert tuned.pivot is not None
    assert weight_of(tuned.pivot) <= 2_000_000


@pytest.mark.parametrize("tune_noise", [False, True])
def test_a_pivot_never_weighs_more_than_its_limit(
    generator: Generator, faces: Tensor, tune_noise: bool
) -> None:
    inverter = INVERTERS.build("pivot", steps=2, limit_bytes=9000, tune_noise=tune_noise)
    tuned = inverter.invert(
        generator, faces[:1], Given(start=INVERTERS.build("descend", steps=1).invert(generator, faces[:1]))
    )
    assert tuned.pivot is not None
    assert weight_of(tuned.pivot) <= 9000
    with pytest.raises(BadInput, match="raise the limit"):
        INVERTERS.build("pivot", limit_bytes=100).invert(generator, faces[:1])


def test_the_locality_term_keeps_the_neighbourhood(generator: Generator, faces: Tensor) -> None:
    alien = (faces[:1] + 0.3 * torch.linspace(-1, 1, 32)).clamp(-1, 1)
    start = INVERTERS.build("descend", steps=20).invert(generator, alien)
    others = generator.lift(Latent(Space.Z, draw_z([5, 6], generator.z_width)), Space.W_PLUS)

    def drift(locality: float) -> float:
        inverter = INVERTERS.build("pivot", steps=60, locality=locality, enough_psnr=99.0)
        pivot = inverter.invert(generator, alien, Given(start=start)).pivot
        with torch.no_grad():
            return float((generator.render(others, pivot=pivot) - generator.render(others)).square().mean())

    assert drift(10.0) < 0.8 * drift(0.0)


def test_several_photos_of_one_person_share_one_pivot(generator: Generator, faces: Tensor) -> None:
    photos = (faces[:2] + 0.3 * torch.linspace(-1, 1, 32)).clamp(-1, 1)
    start = INVERTERS.build("descend", steps=20).invert(generator, photos)
    tuned = INVERTERS.build("pivot", steps=80).invert(generator, photos, Given(start=start))
    assert len(tuned.latent) == 2
    assert (tuned.error < start.error).all()


def test_a_pivot_leaves_the_coarse_layers_alone_unless_told(generator: Generator, faces: Tensor) -> None:
    size = {layer.name: layer.resolution for layer in generator.style_layers}
    fine, every = (
        INVERTERS.build("pivot", steps=2, coarsest=coarsest).invert(generator, faces[:1]).pivot
        for coarsest in (32, 0)
    )
    assert min(size[name] for name in fine.factors) == generator.resolution // 4
    assert min(size[name] for name in every.factors) == 4


def test_auto_tunes_at_the_encoders_answer_before_it_descends_at_length(
    given: dict[str, Given],
) -> None:
    with_encoder, alone = Auto.plans(given["encode"]), Auto.plans(Given())
    for plans in (with_encoder, alone):
        assert [plan.steps for plan in plans] == sorted(plan.steps for plan in plans)
    tuned = [plan.steps for plan in with_encoder if isinstance(plan.inverter, PivotalTuning)]
    assert min(tuned) < min(plan.steps for plan in alone if isinstance(plan.inverter, PivotalTuning))


def test_two_pivots_render_from_eight_threads_through_one_generator(
    generator: Generator, faces: Tensor
) -> None:
    results = [
        INVERTERS.build("pivot", steps=15).invert(generator, (faces[i : i + 1] + shift).clamp(-1, 1))
        for i, shift in enumerate([0.3, -0.3])
    ]

    def render(index: int) -> Tensor:
        one = results[index % 2]
        with torch.no_grad():
            return generator.render(one.latent, one.noise, one.pivot)

    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(render, range(64)))
    for index, picture in enumerate(pictures):
        assert torch.equal(picture, results[index % 2].image)


def test_an_encoder_that_was_not_trained_for_a_method_is_told_so(
    generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    with pytest.raises(MissingPart, match="use `method` encode"):
        INVERTERS.build("refine").invert(generator, faces, given["encode"])
    with pytest.raises(MissingPart, match="descend"):
        INVERTERS.build("encode").invert(generator, faces)


def test_to_encode_with_an_iterating_encoder_is_its_first_pass(
    generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    once = INVERTERS.build("encode").invert(generator, faces, given["refine"])
    first = INVERTERS.build("refine", passes=1).invert(generator, faces, given["refine"])
    assert torch.equal(once.latent.values, first.latent.values)


def test_auto_takes_the_quick_way_when_time_is_short_and_names_its_plan(
    generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    quick = INVERTERS.build("auto", budget=1e-6).invert(generator, faces[:1], given["auto"])
    slow = INVERTERS.build("auto", budget=1e6).invert(generator, faces[:1], given["auto"])
    assert quick.method.startswith("Encode")
    assert slow.method.startswith("PivotalTuning")
    assert {"foreignness", "out_of_domain", "typicality", "psnr"} <= set(quick.measures)


def test_auto_warns_of_a_picture_from_elsewhere(
    generator: Generator, faces: Tensor, given: dict[str, Given]
) -> None:
    stripes = torch.ones(1, 3, 32, 32)
    stripes[..., ::2] = -1
    pictures = torch.cat([stripes, faces[:1]])
    result = INVERTERS.build("auto", budget=1e-6).invert(generator, pictures, Given())
    assert result.measures["out_of_domain"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("kind", ["stylegan1", "stylegan3"])
def test_other_stylegans_are_inverted_and_tuned_too(kind: str) -> None:
    try:
        generator = tiny_generator(kind)
    except UnknownName:
        pytest.skip(f"{kind} is not built")
    with torch.no_grad():
        faces = generator.render(Latent(Space.Z, draw_z([3], generator.z_width))).clamp(-1, 1)
    start = INVERTERS.build("descend", steps=5).invert(generator, faces)
    tuned = INVERTERS.build("pivot", steps=5).invert(generator, faces, Given(start=start))
    assert tuned.pivot is not None
    assert len(tuned.pivot.factors) >= 4
    assert tuned.error.max() <= start.error.max()


def test_pictures_that_are_none_are_refused(generator: Generator) -> None:
    broken = torch.full((1, 3, 32, 32), float("nan"))
    with pytest.raises(BadInput, match="NaN"):
        INVERTERS.build("descend", steps=1).invert(generator, broken)
    with pytest.raises(BadInput, match="hides the whole face"):
        INVERTERS.build("descend", steps=1).invert(
            generator, torch.zeros(1, 3, 32, 32), Given(mask=torch.zeros(1, 1, 32, 32))
        )
    with pytest.raises(UnknownName, match="did you mean 'descend'"):
        INVERTERS["desend"]


@pytest.mark.parametrize("name", ["descend", "projector", "pivot"])
@pytest.mark.parametrize("rate", [0.0, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_followed_is_refused(name: str, rate: float) -> None:
    with pytest.raises(BadInput, match="out of range"):
        INVERTERS.build(name, learning_rate=rate)


def test_half_precision_comes_home_too(generator: Generator, faces: Tensor) -> None:
    half = INVERTERS.build("descend", steps=60, precision="bf16").invert(generator, faces[:1])
    assert half.error.max() < 0.01
    assert half.image.dtype == torch.float32
    assert half.latent.values.dtype == torch.float32


def test_auto_without_a_budget_does_not_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine gives the same picture, later."""

    def no_clock(*_: object) -> float:
        raise AssertionError("the speed was measured")

    monkeypatch.setattr("latentlab.inversion.auto.step_seconds", no_clock)
    network = tame(tiny_generator())
    with torch.no_grad():
        face = network.render(Latent(Space.Z, draw_z([3], network.z_width))).clamp(-1, 1)
    quick = Auto().choose(network, face, Given())
    thorough = Auto(steps=200).choose(network, face, Given())
    assert quick.steps < thorough.steps <= 200
