"""A child kept as a difference is found by name, shares its parent's helpers, and says when it makes a photo better."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from latentlab.backbones.difference import whole
from latentlab.networks import export
from latentlab.networks.tiny import tiny_discriminator
from latentlab.store.bridge import read
from latentlab.store.bridge.foreign import Foreign
from latentlab.store.bridge.write import write
from latentlab.store.home import known_networks, shipped_networks
from latentlab.studio import Studio
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.portraits.relatives import Relatives
from latentlab.studio.shelf.children import children_of
from latentlab.studio.shelf.companions import Companions, find_distance
from tests.studio.average import Average


@pytest.fixture
def family(tiny_file, tmp_path) -> Path:
    """A lab whose networks are a mother and her child, a little brighter than she is; a discriminator lies beside the mother."""
    folder = tmp_path / "lab/networks"
    folder.mkdir(parents=True)
    shutil.copy(tiny_file, folder / "mother.safetensors")
    mother = read(tiny_file)["G_ema"]
    name = next(key for key in mother.tensors if key.endswith("b32.torgb.bias"))
    child = {key: value + 0.5 * (key == name) for key, value in mother.tensors.items()}
    whole(mother.tensors, child).save(folder / "child.safetensors")
    write(Foreign(*export(tiny_discriminator(resolution=32))), folder / "mother.discriminator.safetensors")
    return tmp_path / "lab"


def studio(family: Path, name: str) -> Studio:
    return Studio(name, device="cpu", home=family)


def test_a_child_is_found_by_its_parent_s_hash_and_by_name(family) -> None:
    mother = studio(family, "mother").generator
    assert set(children_of(mother.hash, family)) == {"child"}
    assert children_of("0" * 64, family) == {}
    child = studio(family, "child").generator
    assert child.hash != mother.hash
    assert torch.equal(child.mapping.fc0.weight, mother.mapping.fc0.weight)


def test_a_child_takes_its_parent_s_helpers(family) -> None:
    assert find_distance(studio(family, "child"), "discriminator") is not None
    shutil.move(
        family / "networks/mother.discriminator.safetensors", family / "networks/discriminator.safetensors"
    )
    assert discriminator_of(studio(family, "child")) is not None  # one to learn with


def test_the_nearer_network_is_named_with_both_errors(family) -> None:
    mother, child = (studio(family, name) for name in ("mother", "child"))
    parts = Companions(encoder=Average(mother.generator.w_average))
    latent = mother.generator.w_average[None, None].repeat(1, mother.generator.layers, 1)
    for place, advice in ((child, "try: `network` child"), (mother, "this network is the nearer one")):
        with torch.no_grad():
            face = place.generator(place.generator.styles(latent)).clamp(-1, 1)
        (note,) = Relatives(mother, parts).notes(face)
        assert advice in note
        assert "psnr" in note and "there" in note and "here" in note


def test_without_an_encoder_the_child_is_still_named(family) -> None:
    (note,) = Relatives(studio(family, "mother"), Companions()).notes(torch.zeros(1, 3, 32, 32))
    assert note.endswith("try: `network` child")


def test_a_network_without_children_says_nothing(family) -> None:
    assert Relatives(studio(family, "child"), Companions()).notes(torch.zeros(1, 3, 32, 32)) == []


def test_networks_that_ship_may_be_differences(tmp_path, monkeypatch) -> None:
    for name, file in (("faces", "generator"), ("portraits", "difference")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{file}.safetensors").touch()
    assert set(shipped_networks(tmp_path)) == {"faces", "portraits"}
    monkeypatch.setattr("latentlab.store.home.assets_folder", lambda: tmp_path)
    assert known_networks(tmp_path / "lab")["portraits"].name == "difference.safetensors"
