"""Networks written by the published code, read by the bridge, computed by ours: every array within its tolerance."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latentlab.core.generator import Generator
from latentlab.core.image import to_pixels
from latentlab.core.noise import NO_NOISE
from latentlab.networks import build
from latentlab.store.bridge import read

HERE = Path(__file__).parents[1] / "fixtures" / "networks"
EVERYWHERE = [
    "rosinality_converted32_legacy",
    "rosinality_train64",
    "sg2ada_cond32_fp16",
    "sg2ada_uncond64",
    "sg3_r_64",
    "sg3_t_64",
    "tf_sg1_128",
    "tf_sg2_64",
]
LARGE = ["sg3repo_sg2_64", "tf_sg1_64"]
"""Only in the data folder, to keep the repository small."""


@dataclass(frozen=True, eq=False)
class Published:
    name: str
    generator: Generator
    discriminator: nn.Module
    expected: dict[str, Tensor]
    arguments: dict[str, object]
    tensors: dict[str, Tensor]

    @property
    def image_tolerance(self) -> float:
        return 1e-4 if self.generator.kind == "stylegan1" else 5e-5  # type: ignore[union-attr]

    def arrays(self, start: str) -> dict[str, Tensor]:
        return {name: value for name, value in self.expected.items() if name.startswith(start)}


@pytest.fixture(scope="module", params=[*EVERYWHERE, *LARGE])
def published(request) -> Published:
    name = request.param
    folder = (
        HERE if name in EVERYWHERE else Path(os.environ.get("LATENTLAB_TEST_DATA", "")) / "fixtures/public"
    )
    found = [path for path in (folder / f"{name}.pkl", folder / f"{name}.pt") if path.exists()]
    if not found:
        pytest.skip("LATENTLAB_TEST_DATA is not set; this network is not in the repository")
    parts = read(found[0])
    whole, discriminator = parts["G_ema"], parts["D"]
    with np.load(folder / f"{name}.expected.npz") as file:
        expected = {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}
    return Published(
        name,
        build(whole.kind, whole.arguments, whole.tensors),  # type: ignore[arg-type]
        build(discriminator.kind, discriminator.arguments, discriminator.tensors),
        expected,
        whole.arguments,
        whole.tensors,
    )


def largest(seen: Tensor, expected: Tensor) -> float:
    return float((seen.double() - expected.double()).abs().max())


def truncation(name: str) -> tuple[float, int | None]:
    """`…psi05_cutoff4` is (0.5, 4)."""
    psi, _, cutoff = name.partition("psi")[2].removesuffix("_nhwc").partition("_cutoff")
    return (1.0 if psi == "1" else int(psi) / 10), int(cutoff) if cutoff else None


@torch.no_grad()
def test_mapping_gives_the_published_w(published):
    w = published.generator.map(published.expected["z"], published.expected.get("c"))
    w_plus = w[:, None].repeat(1, published.generator.layers, 1)
    assert w_plus.shape == published.expected["w"].shape
    assert largest(w_plus, published.expected["w"]) <= 2e-5


def test_truncation_gives_the_published_w(published):
    for name, expected in published.arrays("w_psi").items():
        if published.name == "rosinality_train64":  # stores no average: the fixture names the centre it used
            centre = published.expected["truncation_latent"]
            seen = centre + 0.7 * (published.expected["w"] - centre)
        else:
            seen = published.generator.truncate(published.expected["w"], *truncation(name))
        assert largest(seen, expected) <= 2e-5, name


@torch.no_grad()
def test_styles_are_the_published_ones(published):
    styles = published.generator.styles(published.expected["w"])
    expected = list(published.arrays("s/").values())
    assert len(expected) == len(published.generator.style_layers)
    for layer, value in zip(published.generator.style_layers, expected, strict=True):
        assert largest(styles[:, layer.channels], value) <= 2e-5, layer.name


@torch.no_grad()
@pytest.mark.usefixtures("backend")
def test_images_with_stored_noise_are_the_published_ones(published):
    for name, expected in published.arrays("image_const_psi").items():
        if "lod" in name or "fp16" in name:
            continue
        w_name = name.replace("image_const", "w")
        w_plus = published.expected["w" if truncation(name)[0] == 1 else w_name]
        image = published.generator(published.generator.styles(w_plus))
        assert largest(image, expected) <= published.image_tolerance, name


@pytest.mark.usefixtures("backend")
def test_images_are_the_same_while_gradients_are_recorded(published):
    w_plus = published.expected["w"].clone().requires_grad_(True)
    image = published.generator(published.generator.styles(w_plus))
    assert image.requires_grad
    assert largest(image.detach(), published.expected["image_const_psi1"]) <= published.image_tolerance


@torch.no_grad()
@pytest.mark.usefixtures("backend")
def test_images_without_noise_are_the_published_ones(published):
    if "image_none_psi1" not in published.expected:
        pytest.skip("a network without noise")
    image = published.generator(published.generator.styles(published.expected["w"]), NO_NOISE)
    assert largest(image, published.expected["image_none_psi1"]) <= published.image_tolerance


@torch.no_grad()
@pytest.mark.usefixtures("backend")
def test_bytes_are_the_published_ones(published):
    for name, expected in published.arrays("uint8").items():
        w_name = name.replace("uint8_const", "w").removesuffix("_nhwc")
        image = published.generator(published.generator.styles(published.expected[w_name]))
        difference = (to_pixels(image).int() - expected.int()).abs()
        assert difference.max() <= 1
        assert (difference == 0).float().mean() >= 0.999


@torch.no_grad()
def test_mixed_styles_give_the_published_image(published):
    if "image_const_wplus_mix" not in published.expected:
        pytest.skip("only some files have it")
    w = published.expected["w"]
    mixed = torch.cat([w[:1, :3], w[1:2, 3:]], dim=1)
    image = published.generator(published.generator.styles(mixed))
    assert largest(image, published.expected["image_const_wplus_mix"]) <= published.image_tolerance


@pytest.mark.usefixtures("backend")
def test_gradients_are_the_published_ones(published):
    if "grad_ws" not in published.expected:
        pytest.skip("only some files have it")
    w_plus = published.expected["w"].clone().requires_grad_(True)
    loss = published.generator(published.generator.styles(w_plus)).square().sum()
    (gradient,) = torch.autograd.grad(loss, w_plus)
    expected = published.expected["grad_ws"]
    assert largest(gradient, expected) <= 1e-4 * float(expected.abs().max())


@torch.no_grad()
@pytest.mark.usefixtures("backend")
def test_the_discriminator_says_what_the_published_one_says(published):
    logits = published.discriminator(published.expected["image_const_psi1"], published.expected.get("c"))
    assert largest(logits, published.expected["d_logits"]) <= 1e-4


@torch.no_grad()
def test_half_precision_layers_stay_near_the_published_ones(published):
    if "image_const_psi1_fp16cpu" not in published.expected:
        pytest.skip("only some files have it")
    network = build("stylegan2", published.arguments, published.tensors)
    network.compute_dtype = torch.float16  # type: ignore[assignment]
    image = network(network.styles(published.expected["w"]))  # type: ignore[operator]
    assert largest(image, published.expected["image_const_psi1_fp16cpu"]) <= 2e-2


@torch.no_grad()
def test_a_network_caught_while_growing_fades_between_two_sizes(published):
    for name, expected in published.arrays("image_const_psi1_lod").items():
        arguments = published.arguments | {"lod": float(name.partition("lod")[2])}
        network = build("stylegan1", arguments, published.tensors)
        image = network(network.styles(published.expected["w"]))  # type: ignore[operator]
        assert largest(image, expected) <= published.image_tolerance, name


def recipe(name: str) -> tuple[dict[str, Tensor], Tensor, dict[str, np.ndarray]]:
    """Weights, input and expected arrays of a full-size encoder, drawn as its JSON says."""
    story = json.loads((HERE / f"{name}.json").read_text())
    with np.load(HERE / f"{name}.expected.npz") as file:
        expected = {key: file[key] for key in file.files}
    source = np.random.RandomState(story["seed"])
    tensors = {}
    for key, shape, mean, deviation, kind in story["weights"]:
        drawn = source.standard_normal(shape)
        values = mean + deviation * (np.abs(drawn) if kind == "abs" else drawn)
        tensors[key] = torch.from_numpy(np.asarray(values, dtype=np.float32))
    source = np.random.RandomState(story["seed"] + 1)
    count, low, size = (2, 14, 112) if "arcface" in name else (1, 32, 256)
    image = source.uniform(-1, 1, (count, 3, low, low)).repeat(8, 2).repeat(8, 3)
    image = np.clip(image + 0.1 * source.standard_normal((count, 3, size, size)), -1, 1)
    return tensors, torch.from_numpy(image.astype(np.float32)), expected


def relative(seen: Tensor, expected: np.ndarray) -> float:
    return float(np.abs(seen.numpy() - expected).max() / np.abs(expected).max())


@torch.no_grad()
def test_the_published_face_recogniser_is_exact():
    tensors, faces, expected = recipe("enc_arcface_irse50_recipe")
    network = build("arcface", {}, tensors)
    assert relative(network(faces), expected["embedding"]) <= 1e-3
    assert relative(network.walk(faces, [23])[0].mean((2, 3)), expected["body_mean_over_hw"]) <= 1e-3


@torch.no_grad()
def test_the_published_encoder_is_exact_at_every_stage():
    tensors, faces, expected = recipe("enc_e4e_recipe")
    network = build("encoder_e4e", {"styles": 8, "start_from_average": False}, tensors)
    for level, features in zip(("c1", "c2", "c3"), network.features(faces), strict=True):
        assert relative(features.mean((2, 3)), expected[f"{level}_mean_over_hw"]) <= 1e-3
    assert relative(network(faces), expected["codes"]) <= 1e-3
    for stage, name in ((0, "WTraining"), (4, "Delta4Training")):
        network.stage = stage
        assert relative(network(faces), expected[f"codes_stage_{name}"]) <= 1e-3
