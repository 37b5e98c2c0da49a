"""Our own files: a story, checks at the door, atomic writes."""

from __future__ import annotations

import json
import struct

import pytest
import torch

from latentlab.core.errors import BadFile, BadInput, BadWeights
from latentlab.store.archive import Archive, read_story


def test_an_archive_comes_back_with_its_story(tmp_path):
    path = Archive(
        "latent", {"values": torch.arange(6.0).reshape(2, 3)}, {"seed": 3, "span": (-1, 2.5)}
    ).save(tmp_path / "a.safetensors")
    back = Archive.load(path, "latent", finite=True)
    assert torch.equal(back.tensors["values"], torch.arange(6.0).reshape(2, 3))
    assert (back.story["seed"], back.story["span"]) == (3, [-1, 2.5])
    assert back.story["hash"] == back.hash
    assert {"torch", "python"} <= set(back.story["versions"])


def test_shared_and_strided_tensors_are_kept(tmp_path):
    whole = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    path = Archive("latent", {"a": whole, "b": whole, "c": whole.t()}).save(tmp_path / "a.safetensors")
    assert torch.equal(Archive.load(path).tensors["c"], whole.t())


def test_no_absolute_path_gets_into_a_story(tmp_path):
    path = Archive("latent", {}, {"photo": tmp_path / "me.jpg"}).save(tmp_path / "a.safetensors")
    assert read_story(path)["photo"] == "me.jpg"
    assert str(tmp_path) not in path.read_text(errors="ignore")


def test_what_is_no_plain_data_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(BadInput, match="plain data"):
        Archive("latent", {}, {"method": object()}).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = Archive("latent", {"a": torch.zeros(1)}).save(tmp_path / "a.safetensors")
    before = path.read_bytes()

    def full_disk(*_, **__):
        raise RuntimeError("No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full_disk)
    with pytest.raises(BadFile, match="disk is full"):
        Archive("latent", {"a": torch.ones(1)}).save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_wrong_kind_is_refused(tmp_path):
    path = Archive("latent", {}).save(tmp_path / "a.safetensors")
    with pytest.raises(BadFile, match="'latent', not a 'direction'"):
        Archive.load(path, "direction")


def test_nan_is_refused_where_asked(tmp_path):
    path = Archive("latent", {"values": torch.tensor([1.0, float("inf")])}).save(tmp_path / "a.safetensors")
    Archive.load(path)
    with pytest.raises(BadWeights, match="'values'"):
        Archive.load(path, finite=True)


def with_header(header: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"hello world", "truncated"),
        (with_header(b"{}", 1 << 60), "truncated"),
        (with_header(b"{"), "JSON"),
        (with_header(b"{" * 100_000), "JSON"),
        (with_header(b"{}"), "without a latentlab story"),
        (with_header(json.dumps({"__metadata__": {"story": "[]"}}).encode()), "no JSON object"),
        (with_header(json.dumps({"__metadata__": {"story": "{}"}}).encode()), "not a"),
        (with_header(json.dumps({"__metadata__": {"story": "[" * 100_000}}).encode()), "JSON"),
        (
            with_header(
                json.dumps(
                    {
                        "__metadata__": {"story": '{"kind": "x"}'},
                        "a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]},
                    }
                ).encode()
            ),
            "damaged",
        ),
    ],
)
def test_damaged_archives_get_one_line(tmp_path, data, reason):
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    with pytest.raises(BadFile, match=reason) as caught:
        Archive.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_header_larger_than_the_cap_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("latentlab.store.archive.LONGEST_HEADER", 10)
    path = Archive("latent", {}).save(tmp_path / "a.safetensors")
    with pytest.raises(BadFile, match="at most 10"):
        Archive.load(path)


def test_a_missing_file_and_a_folder_get_one_line(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(BadFile):
            Archive.load(path)
