"""What every kind of network promises: built from its arguments and a seed, saved, loaded, it answers the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from latentlab.core.errors import BadWeights
from latentlab.networks.build import KINDS, build, export
from latentlab.networks.files import load, save
from latentlab.networks.sizes import channels_for
from latentlab.store.archive import read_story

STYLEGAN: dict[str, Any] = {
    "resolution": 16,
    "channels": {str(k): v for k, v in channels_for(16, 64).items()},
}
MAPPED = {"z_width": 8, "w_width": 8, "mapping_layers": 2}
ENCODER = {"styles": 6, "input_size": 64, "depth": 18, "base_width": 4, "w_width": 8}
REGRESSOR = {"trunk": "residual", "width": 4, "size": 32, "outputs": 5}
SMALL: dict[str, dict[str, Any]] = {
    "stylegan1": STYLEGAN | MAPPED,
    "stylegan2": STYLEGAN | MAPPED,
    "stylegan3": {"resolution": 16, "channel_base": 64, "channel_max": 4} | MAPPED,
    "stylegan1_discriminator": STYLEGAN,
    "stylegan2_discriminator": STYLEGAN,
    "stylegan3_discriminator": STYLEGAN,
    "encoder_e4e": ENCODER,
    "encoder_psp": ENCODER,
    "encoder_w": ENCODER,
    "encoder_last": ENCODER,
    "arcface": {"depth": 18, "base_width": 4, "input_size": 32},
    "scorer": REGRESSOR,
    "embedding": REGRESSOR,
    "unet": {"width": 4, "levels": 4},
    "resnet": {"width": 4, "blocks": 1},
    "patchgan": {"width": 4, "layers": 2, "spectral": True, "norm": "none"},
    "attention_generator": {"size": 32, "width": 4, "blocks": 1},
    "attention_discriminator": {"width": 4, "layers": 4},
    "age_encoder": {"size": 32, "width": 4, "code": 20},
    "age_generator": {"size": 32, "width": 8, "code": 20},
    "age_code_discriminator": {"code": 20},
    "age_discriminator": {"size": 32, "width": 4, "hidden": 8},
    "shared_encoder": {"size": 32, "width": 4, "hidden": 8},
    "face_decoder": {"width": 4},
    "makeup_generator": {"width": 4, "blocks": 1},
    "coefficient_regressor": {"outputs": 5, "width": 4},
    "frontaliser": {"size": 32, "coefficients": 5, "width": 4, "code": 8},
    "two_way_discriminator": {"size": 32, "width": 4},
}
AGE, GENDER, PICTURE = (4, 10), (4, 2), (4, 3, 32, 32)
GIVEN: dict[str, tuple[tuple[int, ...], ...]] = {
    "age_generator": ((4, 20), AGE, GENDER),
    "age_code_discriminator": ((4, 20),),
    "age_discriminator": (PICTURE, AGE, GENDER),
    "face_decoder": ((4, 16, 4, 4),),
    "makeup_generator": (PICTURE, PICTURE),
    "frontaliser": (PICTURE, (4, 5)),
}
"""Shapes of what a network is given, where that is not a picture."""
SIDES = {"stylegan1_discriminator": 16, "stylegan2_discriminator": 16, "stylegan3_discriminator": 16}


@torch.no_grad()
def answer(network: Any, kind: str) -> torch.Tensor:
    torch.manual_seed(3)  # dropout of the U-Net stays on
    if kind in ("stylegan1", "stylegan2", "stylegan3"):
        w = network.map(torch.randn(2, network.z_width))
        return network(network.styles(w[:, None].repeat(1, network.layers, 1)))
    side = SIDES.get(kind, SMALL[kind].get("input_size", 32))
    found = network(*(torch.randn(shape) for shape in GIVEN.get(kind, ((4, 3, side, side),))))
    return found[0] if isinstance(found, tuple) else found


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_arguments_and_a_seed_make_one_network(kind: str) -> None:
    torch.manual_seed(0)
    first = build(kind, SMALL[kind], None, seed=1)
    state = torch.get_rng_state()
    again, other = (build(kind, SMALL[kind], None, seed=seed) for seed in (1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(answer(first, kind), answer(again, kind))
    assert not torch.equal(answer(first, kind), answer(other, kind))


def test_what_was_saved_answers_the_same(kind: str, tmp_path: Path) -> None:
    network = build(kind, SMALL[kind], None, seed=1)
    path = save(network, tmp_path / "network.safetensors", {"training": {"images": 5}})
    loaded = load(path)
    assert torch.equal(answer(loaded, kind), answer(network, kind))
    assert not any(p.requires_grad for p in loaded.parameters())
    story = read_story(path)
    assert (story["kind"], story["arguments"]) == (kind, SMALL[kind])
    assert story["training"] == {"images": 5}


def test_every_kind_names_itself_and_its_arguments(kind: str) -> None:
    maker: Any = KINDS[kind]
    assert maker.kind in (kind, "stylegan2_discriminator")
    made = maker(maker.Arguments(**SMALL[kind]))
    assert set(made.state_dict()) == set(export(build(kind, SMALL[kind]))[2])


def test_an_argument_that_no_network_takes_is_named(kind: str) -> None:
    with pytest.raises(BadWeights, match=f"a {kind} network takes no argument 'colour_of_hair'"):
        build(kind, SMALL[kind] | {"colour_of_hair": 3})
