"""Known seeds give the known pictures, whatever format the weights came in and whatever else is drawn."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import latentlab
from latentlab.core.errors import BadInput, LatentLabError
from latentlab.core.image import to_pixels
from latentlab.core.latent import Space
from latentlab.studio import Studio
from latentlab.studio.pictures.generate import Generate
from latentlab.studio.pictures.rendering import Rendering

FILES = [
    "sg2ada_uncond64.pkl", "sg3repo_sg2_64.pkl", "sg3_t_64.pkl", "sg3_r_64.pkl", "tf_sg1_64.pkl", "tf_sg1_128.pkl",
    "tf_sg2_64.pkl",
]  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_the_published_seed_gives_the_published_picture(file: str, test_data) -> None:
    folder = test_data / "fixtures/public"
    stem = file.partition(".")[0]
    facts, expected = (
        json.loads((folder / f"{stem}.json").read_text()),
        np.load(folder / f"{stem}.expected.npz"),
    )
    seed, width = facts["zseed"], expected["z"].shape[1]
    assert np.allclose(expected["z"][0], np.random.RandomState(seed).randn(1, width)[0], atol=1e-6)
    picture = latentlab.open(folder / file).generate(seeds=[seed], psi=0.7)[0]
    array = next(
        name for name in expected.files if name.startswith("uint8_const_psi07")
    )  # StyleGAN1: cutoff 8
    made, told = to_pixels(picture.image[None])[0].numpy().astype(int), expected[array][0].astype(int)
    difference = np.abs(made - told)
    assert difference.max() <= 1
    assert (difference == 0).mean() >= 0.999


def test_a_batch_makes_the_pictures_of_single_samples(studio) -> None:
    together = studio.generate(seeds="0-6")
    alone = [studio.generate(seeds=[seed])[0] for seed in range(7)]
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one.image, other.image, atol=1e-5)


def test_random_noise_belongs_to_the_seed_not_to_the_place(studio) -> None:
    listed = studio.generate(seeds=[3, 9, 4], noise="random", noise_seed=7)
    alone = studio.generate(seeds=[4], noise="random", noise_seed=7)
    assert torch.allclose(listed[2].image, alone[0].image, atol=1e-5)


def test_random_noise_without_a_seed_tells_the_one_it_used(studio) -> None:
    first, second = (studio.generate(seeds=[0], noise="random")[0] for _ in range(2))
    assert first.recipe["asked"]["noise_seed"] != second.recipe["asked"]["noise_seed"]
    assert not torch.equal(first.image, second.image)


def test_psi_zero_is_the_average_face(studio) -> None:
    pictures = studio.generate(seeds=[0, 1], psi=0.0)
    assert torch.allclose(pictures[0].image, pictures[1].image, atol=1e-5)


def test_a_cutoff_of_all_layers_is_no_cutoff_and_of_none_is_no_truncation(studio) -> None:
    everything, layers = studio.generate(seeds=[5], psi=0.5), studio.generator.layers
    assert torch.equal(everything[0].image, studio.generate(seeds=[5], psi=0.5, cutoff=layers)[0].image)
    untouched = studio.generate(seeds=[5])
    assert torch.equal(untouched[0].image, studio.generate(seeds=[5], psi=0.5, cutoff=0)[0].image)


def test_seeds_that_come_twice_are_drawn_once(studio) -> None:
    assert len(studio.generate(seeds="3,3,1-3")) == 3


def test_a_saved_w_draws_what_its_seed_draws(studio, tmp_path) -> None:
    from latentlab.core.latent import Latent
    from latentlab.core.seeds import draw_z

    generator = studio.generator
    w_plus = generator.lift(Latent(Space.Z, draw_z([11], generator.z_width)), Space.W_PLUS).values
    np.savez(tmp_path / "projected_w.npz", w=w_plus.numpy())
    drawn = studio.generate(latents=tmp_path / "projected_w.npz")
    assert torch.allclose(drawn[0].image, studio.generate(seeds=[11])[0].image, atol=1e-5)


def test_latents_in_s_cannot_be_truncated(studio, tmp_path) -> None:
    np.savez(tmp_path / "s.npz", s=np.zeros((1, studio.generator.style_width), np.float32))
    assert len(studio.generate(latents=tmp_path / "s.npz")) == 1
    with pytest.raises(BadInput, match="truncate"):
        studio.generate(latents=tmp_path / "s.npz", psi=0.5)


@given(numbers=st.lists(st.integers(0, 40), min_size=1, max_size=30), size=st.integers(1, 9))
@settings(deadline=None)
def test_batches_hold_every_sample_once_and_in_order(numbers: list[int], size: int) -> None:
    for look in (Rendering(), Rendering(noise="random", noise_seed=1)):
        runs = [numbers[run] for run in look.batches(numbers, size)]
        assert [number for run in runs for number in run] == numbers
        assert all(1 <= len(run) <= size for run in runs)
        if look.noise == "random":
            assert all(b == a + 1 for run in runs for a, b in itertools.pairwise(run))


@pytest.mark.parametrize(
    "look",
    [
        {"psi": float("nan")},
        {"psi": float("-inf")},
        {"noise_seed": 1},
        {"noise": "random", "noise_seed": -1},
    ],
)
def test_what_no_network_can_do_is_refused_at_once(look: dict) -> None:
    with pytest.raises(BadInput):
        Rendering(**look)


def test_no_network_is_loaded_for_malformed_seeds() -> None:
    with pytest.raises(BadInput, match="seeds"):
        Studio("there-is-no-such.pkl").generate(seeds="x")
    with pytest.raises(BadInput, match="seed"):
        Generate((-1,))


def test_the_default_network_ships() -> None:
    assert Studio("faces", device="cpu").generate(seeds=[0])[0].image.shape[0] == 3


def test_a_recipe_holds_no_path(studio, tiny_file) -> None:
    text = json.dumps(studio.generate(seeds=[0])[0].recipe)
    assert "tiny.safetensors" in text
    assert str(tiny_file.parent) not in text


def test_tasks_are_methods_with_their_own_words(studio) -> None:
    assert "generate" in dir(studio)
    assert "recipe" in studio.generate.__doc__
    with pytest.raises(AttributeError, match="generat"):
        _ = studio.generat


@pytest.mark.parametrize("name", ["cuda:x", "gpu", "", "cpu:one"])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(LatentLabError):
        _ = Studio(device=name).place


def test_a_studio_on_another_network_forgets_the_first(studio, tmp_path) -> None:
    _ = studio.generator
    with pytest.raises(LatentLabError):
        _ = replace(studio, network=tmp_path / "gone.pkl").generator
