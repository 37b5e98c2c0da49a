"""Weights in 8 bits come back as fp16 to within half a step, and nothing else is taken for them."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from latentlab.core.errors import BadFile
from latentlab.store.archive import Archive, read_story
from latentlab.store.packing import MARK, SMALLEST, packed, unpacked


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    sizes = torch.logspace(-4, 1, 32)[:, None, None, None]
    return {
        "kernel": (torch.randn(32, 16, 3, 3, generator=draw) * sizes).half(),
        "matrix": torch.randn(64, 40, generator=draw).half(),
        "bias": torch.randn(4096, generator=draw).half(),
        "small": torch.randn(2, 8, generator=draw).half(),
        "spread": torch.randn(64, 64, generator=draw),
        "none": torch.zeros(32, 64).half(),
    }


def test_every_channel_comes_back_to_within_half_a_step(tensors) -> None:
    again = unpacked(packed(tensors))
    assert again.keys() == tensors.keys()
    for name, value in tensors.items():
        assert again[name].dtype == value.dtype
        if name in ("bias", "small", "spread", "none"):
            assert torch.equal(again[name], value)
            continue
        step = value.float().flatten(1).abs().amax(1) / 127
        off = (again[name].float() - value.float()).flatten(1).abs().amax(1)
        assert bool((off <= 0.57 * step + 1e-7).all())
        assert not torch.equal(again[name], value)


def test_a_file_in_bytes_is_half_as_large_and_knows_its_hash(tensors, tmp_path) -> None:
    whole = Archive("network", tensors, {"a": 1})
    large, small = (
        whole.save(tmp_path / "a.safetensors"),
        whole.save(tmp_path / "b.safetensors", in_bytes=True),
    )
    assert small.stat().st_size < 0.85 * large.stat().st_size
    again = Archive.load(small, "network", finite=True)
    assert again.story["a"] == 1
    assert again.hash == read_story(small)["hash"] != whole.hash
    assert all(torch.equal(again.tensors[name], value) for name, value in unpacked(packed(tensors)).items())
    other = again.save(tmp_path / "c.safetensors")  # as it was read: plain fp16
    assert Archive.load(other).hash == again.hash
    assert "packed" not in read_story(other)


NUMBERS = torch.ones(32, SMALLEST // 32, dtype=torch.int8)


@pytest.mark.parametrize(
    "stored",
    [
        {f"a{MARK}": torch.ones(32)},
        {"a": NUMBERS, f"a{MARK}": torch.ones(31)},
        {"a": NUMBERS, f"a{MARK}": torch.ones(32, 1)},
        {"a": NUMBERS, f"a{MARK}": torch.ones(32, dtype=torch.int64)},
        {"a": NUMBERS.float(), f"a{MARK}": torch.ones(32)},
        {"a": NUMBERS[0], f"a{MARK}": torch.ones(32)},
    ],
)
def test_scales_that_belong_to_nothing_are_one_line(stored, tmp_path) -> None:
    with pytest.raises(BadFile):
        unpacked(stored)
    story = '{"kind": "network", "hash": "0", "packed": "float16"}'
    save_file(stored, str(tmp_path / "a.safetensors"), metadata={"story": story})
    with pytest.raises(BadFile, match="damaged") as told:
        Archive.load(tmp_path / "a.safetensors")
    assert "\n" not in str(told.value)


def test_changed_numbers_are_noticed(tensors, tmp_path) -> None:
    path = Archive("network", {"a": tensors["matrix"]}).save(tmp_path / "a.safetensors", in_bytes=True)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # one of the integers, which stand behind the larger numbers
    path.write_bytes(content)
    with pytest.raises(BadFile, match="hash"):
        Archive.load(path)


def test_a_scale_that_is_no_number_is_refused(tmp_path) -> None:
    bad = torch.full((32,), float("nan"))
    story = {"packed": "float16"}
    path = Archive("network", {"a": NUMBERS, f"a{MARK}": bad}, story).save(tmp_path / "a.safetensors")
    with pytest.raises(BadFile):
        Archive.load(path, finite=True)
