"""An encoder kept as what it adds to its parent's is found beside the child and answers as the whole one; 8 bits are half of fp16."""

from __future__ import annotations

import shutil

import pytest
import torch

from latentlab.backbones.difference import Difference, whole
from latentlab.networks.build import build
from latentlab.networks.files import archive
from latentlab.networks.tiny import tiny_generator
from latentlab.store.archive import Archive, read_story
from latentlab.studio import Studio
from latentlab.studio.shelf.companions import find_encoder
from tools.shrink import as_difference, in_bytes, main

ENCODER = {"styles": 8, "w_width": 32, "depth": 18, "base_width": 8, "input_size": 32, "input_channels": 6}


def moved(network: torch.nn.Module, amount: float) -> torch.nn.Module:
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in network.parameters():
            value += amount * torch.randn(value.shape, generator=draw) * value.abs().mean()
    return network


def test_a_child_s_encoder_may_be_a_difference(tmp_path) -> None:
    home = tmp_path / "lab"
    mother = home / "networks/mother"  # a folder as they ship
    mother.mkdir(parents=True)
    generator = tiny_generator("stylegan2", 32)
    archive(generator, {"part": "G_ema"}).save(home / "networks/mother.safetensors")
    base = Archive.load(home / "networks/mother.safetensors")
    child = {name: value + 0.1 * (value.ndim == 1) for name, value in base.tensors.items()}

    encoder = build("encoder_e4e", ENCODER, None)
    archive(encoder, {"part": "encoder"}, half=True).save(home / "networks/encoder.safetensors")
    archive(moved(encoder, 0.05), {"part": "encoder", "training": {"images": 3}}, half=True).save(
        tmp_path / "run/encoder.safetensors"
    )
    made = as_difference(
        tmp_path / "run/encoder.safetensors", home / "networks/encoder.safetensors", tmp_path / "child"
    )
    whole(base.tensors, child).save(tmp_path / "child/difference.safetensors")

    assert made.stat().st_size < 0.7 * (tmp_path / "run/encoder.safetensors").stat().st_size
    assert read_story(made)["training"] == {"images": 3}
    found = find_encoder(Studio(tmp_path / "child/difference.safetensors", device="cpu", home=home))
    assert found is not None
    first, again = encoder.state_dict(), found.state_dict()
    parent = Archive.load(home / "networks/encoder.safetensors").tensors
    for name, value in first.items():
        if value.is_floating_point():
            step = (value - parent[name].float()).abs().max()
            assert (again[name] - value).abs().max() <= 0.01 * step + 1e-3 * value.abs().max() + 1e-6


def test_the_larger_low_rank_difference_is_nearer(tmp_path) -> None:
    encoder = build("encoder_e4e", ENCODER, None)
    parent = archive(encoder, {}, half=True).save(tmp_path / "encoder.safetensors")
    child = archive(moved(encoder, 0.05), {}, half=True).save(tmp_path / "run/encoder.safetensors")
    wanted = Archive.load(child).tensors
    gaps = []
    for megabytes in (0.02, 0.06):
        made = as_difference(child, parent, tmp_path / str(megabytes), megabytes)
        assert made.stat().st_size < 1e6 * megabytes + 40_000  # names and scales
        tensors = Difference.load(made).added_to(Archive.load(parent).tensors)
        gaps.append(sum(float((tensors[n].float() - v.float()).square().sum()) for n, v in wanted.items()))
    assert gaps[1] < gaps[0]


def test_the_command_names_what_does_not_fit(tmp_path, capsys) -> None:
    generator = archive(tiny_generator("stylegan2", 32), {}).save(tmp_path / "a.safetensors")
    (small,) = [in_bytes(generator, tmp_path / "small")]
    assert small.stat().st_size < 0.5 * generator.stat().st_size  # from fp32
    encoder = archive(build("encoder_e4e", ENCODER, None), {}).save(tmp_path / "b.safetensors")
    with pytest.raises(SystemExit) as ended:
        main([str(encoder), "--parent", str(generator), "--out", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "different networks" in (told := capsys.readouterr().err) and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_whole_generator_becomes_the_difference_that_is_read_as_it(tmp_path) -> None:
    parent = tiny_generator("stylegan2", 32)
    mother = archive(parent, {"part": "G_ema"}, half=True).save(tmp_path / "net/generator.safetensors")
    child = archive(moved(parent, 0.05), {"part": "G_ema"}).save(tmp_path / "run/generator.safetensors")
    made = as_difference(child, mother, tmp_path / "net/child")
    assert made.name == "difference.safetensors"
    wanted = Archive.load(child).tensors
    shutil.copy(mother, made.parent)
    found = Studio(made, device="cpu", home=tmp_path / "lab").generator.state_dict()
    base = Archive.load(mother).tensors
    for name, value in base.items():
        goal = value if "noise_const" in name or "w_avg" in name else wanted[name]
        step = (wanted[name].float() - value.float()).abs().max()
        assert (found[name].float() - goal.float()).abs().max() <= 0.01 * step + 1e-4
