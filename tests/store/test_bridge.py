"""Every published format loads, whole and under the agreed names."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile, BadInput
from latentlab.networks import build
from latentlab.store.bridge import Foreign, read, read_tensors, write
from tests.store.files import PUBLISHED

FILES = sorted(PUBLISHED)


@pytest.mark.parametrize("name", FILES)
def test_every_part_of_a_published_file_becomes_a_network(name):
    for part, foreign in read(PUBLISHED[name]).items():
        network = build(foreign.kind, foreign.arguments, foreign.tensors)
        assert network is not None, part


@pytest.mark.parametrize("name", FILES)
def test_arguments_are_plain_data_and_tensors_independent_float32(name):
    for foreign in read(PUBLISHED[name]).values():
        json.dumps(foreign.arguments)
        json.dumps(foreign.story)
        assert all(
            value.dtype is torch.float32 and value.is_contiguous() for value in foreign.tensors.values()
        )
        assert "/" not in str(foreign.story["file"])


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("sg2ada_uncond64.pkl", {"G_ema": "stylegan2", "G": "stylegan2", "D": "stylegan2_discriminator"}),
        ("sg3_t_64.pkl", {"G_ema": "stylegan3", "G": "stylegan3", "D": "stylegan2_discriminator"}),
        ("tf_sg1_64.pkl", {"G_ema": "stylegan1", "G": "stylegan1", "D": "stylegan1_discriminator"}),
        ("tf_sg2_64.pkl", {"G_ema": "stylegan2", "G": "stylegan2", "D": "stylegan2_discriminator"}),
        ("rosinality_train64.pt", {"G_ema": "stylegan2", "G": "stylegan2", "D": "stylegan2_discriminator"}),
        ("rosinality_converted32_legacy.pt", {"G_ema": "stylegan2", "D": "stylegan2_discriminator"}),
    ],
)
def test_parts_and_kinds_are_those_the_file_has(published, name, kinds):
    assert {part: foreign.kind for part, foreign in read(published(name)).items()} == kinds


def test_the_content_decides_and_not_the_ending(published, tmp_path):
    path = tmp_path / "strange.safetensors"
    path.write_bytes(published("rosinality_train64.pt").read_bytes())
    assert read(path, ("G_ema",))["G_ema"].kind == "stylegan2"


def test_only_the_parts_asked_for_are_read(published):
    assert set(read(published("sg2ada_uncond64.pkl"), ("D",))) == {"D"}


def test_the_average_of_a_converted_checkpoint_is_the_centre(published):
    foreign = read(published("rosinality_converted32_legacy.pt"))["G_ema"]
    assert foreign.tensors["mapping.w_avg"].shape == (foreign.arguments["w_width"],)
    assert "mapping.w_avg" not in read(published("rosinality_train64.pt"))["G_ema"].tensors


def test_strided_tensors_are_honoured(written, nvidia, tiny):
    name = "synthesis.b8.conv1.weight"
    weight = tiny[2][name]
    turned = weight.permute(0, 2, 3, 1).contiguous()  # channels_last in memory
    from tests.store.pickles import tensor

    stride = turned.permute(0, 3, 1, 2).stride()
    path = written(nvidia(tensors={name: tensor(turned, tuple(weight.shape), tuple(stride))}))
    assert torch.equal(read(path)["G_ema"].tensors[name], weight)


def test_the_tiny_network_comes_back_as_it_was_written(written, nvidia, tiny):
    foreign = read(written(nvidia()))["G_ema"]
    assert foreign.kind == tiny[0]
    assert all(torch.equal(value, tiny[2][name]) for name, value in foreign.tensors.items())
    assert set(foreign.tensors) == set(tiny[2])


def test_module_source_is_never_executed(written, nvidia, tmp_path):
    sentinel = tmp_path / "executed"
    source = f"open({str(sentinel)!r}, 'w').write('x')\n"
    assert read(written(nvidia(source=source)))["G_ema"].kind == "stylegan2"
    assert not sentinel.exists()


def test_our_own_file_comes_back(tmp_path, tiny):
    path = write(Foreign(*tiny), tmp_path / "own.safetensors")
    back = read(path)["G_ema"]
    assert back.kind == tiny[0]
    assert back.arguments == json.loads(json.dumps(tiny[1]))
    assert all(torch.equal(back.tensors[name], value) for name, value in tiny[2].items())


def test_a_changed_tensor_in_our_own_file_is_noticed(tmp_path, tiny):
    path = write(Foreign(*tiny), tmp_path / "own.safetensors")
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadFile, match="hash"):
        read(path)


def test_a_rosinality_checkpoint_that_we_write_is_readable_by_plain_torch_and_by_us(tmp_path, tiny):
    path = write(Foreign(*tiny), tmp_path / "network.pt")
    plain = torch.load(path, weights_only=True)
    back = read(path)["G_ema"]
    assert set(plain) == {"g_ema", "latent_avg"}
    assert torch.equal(plain["latent_avg"], tiny[2]["mapping.w_avg"])
    assert all(torch.equal(back.tensors[name], value) for name, value in tiny[2].items())


def test_names_and_shapes_of_a_written_checkpoint_are_those_of_the_published_one(published, tmp_path):
    parts = read(published("rosinality_converted32_legacy.pt"))
    path = write(parts["G_ema"], tmp_path / "again.pt", parts["D"])
    old = torch.load(published("rosinality_converted32_legacy.pt"), weights_only=True)
    new = torch.load(path, weights_only=True)
    for part in ("g_ema", "d"):
        assert set(new[part]) == set(old[part])
        assert all(torch.allclose(new[part][name], old[part][name]) for name in old[part])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "resnet"}, "architecture"),
        ({"constant": [4, 2]}, "not square"),
        ({"colours": 1}, "colours"),
        ({"condition_width": 3}, "condition_width"),
        ({"taps": [1, 2, 1]}, "taps"),
        ({"mapping_lr": 0.1}, "mapping_lr"),
        ({"z_width": 7}, "z_width"),
        ({"activation": "relu"}, "activation"),
    ],
)
def test_what_rosinality_cannot_hold_is_refused_with_the_reason(tmp_path, tiny, change, reason):
    network = Foreign(tiny[0], tiny[1] | change, tiny[2])
    with pytest.raises(BadInput, match=reason):
        write(network, tmp_path / "network.pt")
    assert not list(tmp_path.iterdir())


def test_other_families_and_other_endings_are_refused(tmp_path, tiny):
    with pytest.raises(BadInput, match="stylegan3"):
        write(Foreign("stylegan3", {}, {}), tmp_path / "network.pt")
    with pytest.raises(BadInput, match="safetensors"):
        write(Foreign(*tiny), tmp_path / "network.pkl")


def test_published_directions_are_read_as_loose_tensors(test_data):
    folder = test_data / "fixtures" / "public" / "directions"
    pose = read_tensors(folder / "e4e_pose.pt") if (folder / "e4e_pose.pt").exists() else None
    age = read_tensors(folder / "e4e_age.pt")
    assert age[""].shape == (1, 512)
    assert pose is None or pose[""].shape == (1, 18, 512)
    assert set(read_tensors(folder / "e4e_ffhq_pca.pt")) == {"mean", "comp", "std"}
    for path in folder.glob("*.npy"):
        expected = torch.from_numpy(np.load(path, allow_pickle=False)).float()
        assert torch.equal(read_tensors(path)[""], expected)


def test_published_hashes_of_the_fixtures_hold(published):
    for name in FILES:
        path = PUBLISHED[name]
        told = path.with_suffix(".json")
        if told.exists():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == json.loads(told.read_text())["sha256"]
