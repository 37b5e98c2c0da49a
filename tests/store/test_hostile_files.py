"""Truncated, foreign and malicious files: one line, nothing run, nothing large, nothing left behind."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import tracemalloc
import zipfile
import zlib
from functools import partial

import numpy as np
import pytest
import torch

from latentlab.core.errors import BadFile, BadWeights, LatentLabError
from latentlab.networks import build, export
from latentlab.networks.tiny import tiny_generator
from latentlab.store.bridge import read, read_tensors
from latentlab.store.bridge.limits import MOST_MARKS, Budget
from tests.store.pickles import (
    Call,
    Name,
    New,
    Raw,
    encode,
    module,
    pickled,
    storage_bytes,
    tensor,
    torch_file,
)


def refused(path, match: str, kind: type[LatentLabError] = BadFile) -> str:
    with pytest.raises(kind, match=match) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


class Attack:
    """What an attacker's pickler would write."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_reduce_to_os_system_is_refused_by_name_and_not_run(written, tmp_path, protocol):
    sentinel = tmp_path / "executed"
    path = written(pickle.dumps(Attack(os.system, f"touch {sentinel}"), protocol))
    refused(path, r"'(posix|nt|os)\.system'")
    assert not sentinel.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"cos\nsystem\n(X\x04\x00\x00\x00truetR.",  # GLOBAL, REDUCE
        b"(X\x04\x00\x00\x00trueios\nsystem\n.",  # INST
        b"(cos\nsystem\nX\x04\x00\x00\x00trueo.",  # OBJ
        b"\x8c\x02os\x8c\x06system\x93(X\x04\x00\x00\x00truetR.",  # STACK_GLOBAL
        b"cos\nsystem\n)\x81.",  # NEWOBJ
        b"cos\nsystem\n)}\x92.",  # NEWOBJ_EX
        b"c__builtin__\neval\n(X\x01\x00\x00\x001tR.",
        b"cbuiltins\n__import__\n(X\x02\x00\x00\x00ostR.",
        b"cbuiltins\ngetattr\n(tR.",
        b"cnumpy\nload\n(tR.",
        b"ctorch\nload\n(tR.",
        b"ctorch.storage\n_load_from_bytes.__globals__\n(tR.",
        b"cdnnlib.tflib.network\nNetwork.__init__\n(tR.",
    ],
)
def test_globals_outside_the_list_are_refused_however_they_are_asked_for(written, code):
    for head in (b"", b"\x80\x04"):
        refused(written(head + code), "closed list")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"\x82\x01.", "extension"),
        (b"\x83\x01\x00.", "extension"),
        (b"\x84\x01\x00\x00\x00.", "extension"),
        (b"Pabc\n.", "outside of it"),
        (b"X\x01\x00\x00\x00aQ.", "outside of it"),
        (b"\x97.", "0x97"),
        (b"\x98.", "0x98"),
        (b"\x80\x09N.", "protocol 9"),
        (b"ccollections\nOrderedDict\nccollections\nOrderedDict\nb.", "state"),
        (b"K\x01)R.", "closed list"),
        (b"ctorch\nFloatStorage\n)R.", "no function"),
        (b"cnumpy\nndarray\n)\x81.", "no class"),
        (b"h\x05.", "never stored"),
        (b".", "stops"),
        (b"(((.", "stops"),
    ],
)
def test_tricks_with_other_instructions_are_refused(written, code, reason):
    refused(written(b"\x80\x02" + code), reason)


def test_a_parameter_that_hides_a_global_in_its_hooks_is_refused(written, nvidia):
    inner = tensor(torch.zeros(2))
    hidden = Call("torch._utils._rebuild_parameter", (inner, False, Name("subprocess.Popen")))
    refused(written(nvidia(tensors={"mapping.fc0.bias": hidden})), "subprocess.Popen")


def test_a_nested_stream_goes_through_the_same_closed_reader(written, nvidia, tmp_path):
    sentinel = tmp_path / "executed"
    stream = storage_bytes(torch.zeros(4))
    evil = stream.replace(b"ctorch\nFloatStorage\n", b"cos\nsystem\n")
    call = Call(
        "torch._utils._rebuild_tensor_v2", (Call("torch.storage._load_from_bytes", (evil,)), 0, (4,), (1,))
    )
    refused(written(nvidia(tensors={"mapping.fc0.bias": call})), r"os\.system")
    assert not sentinel.exists()


def test_streams_do_not_nest_in_streams(written):
    inner = pickled(Call("torch.storage._load_from_bytes", (storage_bytes(torch.zeros(1)),)), 2)
    stream = storage_bytes(torch.zeros(1))
    head = stream[: stream.index(b".", stream.index(b"little_endian")) + 1]
    outer = Call("torch.storage._load_from_bytes", (head + inner + pickled([], 2),))
    refused(written(pickled({"g_ema": {"x": outer}})), "stream within a stream")


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((2, 2), (3, 1), 0),
        ((1 << 40,), (0,), 0),
        ((1 << 62, 1 << 62), (1, 1), 0),
        ((2,), (1 << 62,), 0),
        ((2,), (-1,), 3),
        ((4,), (1,), -1),
        ((-4,), (1,), 0),
        ((True,), (1,), 0),
        ((2, 2), (1,), 0),
        ((0,), (1,), 5),
        ((4.0,), (1,), 0),
        ((1,) * 70, (1,) * 70, 0),
        ((100,), (0,), 0),
    ],
)
def test_tensors_that_reach_beyond_their_storage_are_refused(written, nvidia, size, stride, offset):
    lying = tensor(torch.zeros(4), size, stride, offset)
    refused(written(nvidia(tensors={"mapping.fc0.bias": lying})), "tensor")


def test_a_nan_weight_is_named(written, nvidia, tiny):
    broken = tiny[2]["mapping.fc0.weight"].clone()
    broken[1, 2] = float("nan")
    refused(written(nvidia(tensors={"mapping.fc0.weight": broken})), "mapping.fc0.weight.*NaN", BadWeights)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"w_dim": 7}, "shape"),
        ({"z_dim": 7}, "shape"),
        ({"img_resolution": 16}, "b16"),
        ({"mapping_kwargs": {"num_layers": 9}}, "fc"),
        ({"mapping_kwargs": {"num_layers": 1}}, "fc"),
        ({"synthesis_kwargs": {"channel_base": 64, "channel_max": 4}}, "shape"),
    ],
)
def test_shapes_that_disagree_with_the_recorded_arguments_are_refused(written, nvidia, change, reason):
    refused(written(nvidia(change)), reason, BadWeights)


def test_recorded_arguments_cannot_ask_for_memory(written, nvidia):
    """Each would need terabytes if a network were built before it is compared with the tensors."""
    for change in (
        {"c_dim": 1 << 20, "mapping_kwargs": {"num_layers": 2, "embed_features": 1 << 20}},
        {"mapping_kwargs": {"num_layers": 2, "layer_features": 1 << 20}},
        {"w_dim": 1 << 20, "z_dim": 1 << 20},
        {"synthesis_kwargs": {"channel_base": 1 << 24, "channel_max": 1 << 14}},
    ):
        refused(written(nvidia(change)), "shape|missing", BadWeights)


def test_a_stylegan3_file_that_disagrees_with_its_arguments_is_refused(written):
    _, arguments, tensors = export(tiny_generator("stylegan3", 16, seed=0))
    told = {"z_dim": 32, "c_dim": 0, "w_dim": 32, "img_resolution": 16, "img_channels": 3}
    told |= {"mapping_kwargs": {"num_layers": 2}, "channel_base": arguments["channel_base"]}
    told |= {"channel_max": arguments["channel_max"]}
    assert read(written(pickled({"G_ema": module("Generator", tensors, told)})))["G_ema"].kind == "stylegan3"
    for change in ({"channel_max": 1 << 14, "channel_base": 1 << 24}, {"num_layers": 9}, {"conv_kernel": 1}):
        path = written(pickled({"G_ema": module("Generator", tensors, told | change)}))
        refused(path, "shape|layers", BadWeights)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"surprise": 1}, "'surprise'"),
        ({"synthesis_kwargs": {"surprise": 1}}, "'surprise'"),
        ({"mapping_kwargs": {"surprise": 1}}, "'surprise'"),
        ({"img_channels": 1}, "torgb"),
        ({"img_channels": 9}, "img_channels"),
        ({"img_resolution": 7}, "img_resolution"),
        ({"img_resolution": 1 << 30}, "img_resolution"),
        ({"z_dim": "many"}, "z_dim"),
        ({"synthesis_kwargs": {"architecture": "spiral"}}, "architecture"),
        ({"synthesis_kwargs": {"resample_filter": [0, 0]}}, "resample_filter"),
        ({"synthesis_kwargs": {"conv_clamp": float("nan")}}, "conv_clamp"),
    ],
)
def test_unknown_and_impossible_arguments_are_refused_by_name(written, nvidia, change, reason):
    refused(written(nvidia(change)), reason)


def test_a_missing_tensor_is_named(written, nvidia):
    foreign = read(written(nvidia(tensors={"synthesis.b8.conv0.noise_const": None})))["G_ema"]
    with pytest.raises(BadWeights, match="noise_const"):
        build(foreign.kind, foreign.arguments, foreign.tensors)


def test_a_module_that_contains_itself_is_refused(written):
    empty = {"_parameters": {}, "_buffers": {}, "_init_args": (), "_init_kwargs": {}}
    state = encode(empty)[:-1] + encode("_modules") + b"h\x01u"
    call = Raw(b"}q\x01" + b"0" + encode(Name("torch_utils.persistence._reconstruct_persistent_obj")))
    meta = (
        b"}("
        + b"".join(encode(x) for x in ("type", "class", "class_name", "Generator", "state"))
        + state
        + b"u"
    )
    built = call.code + meta + b"\x85Rq\x020" + b"h\x01X\x01\x00\x00\x00ah\x02s0"
    refused(written(b"\x80\x03" + built + b"h\x02."), "without end")


def laughs(levels: int, pack: bytes) -> bytes:
    """Each level holds the one before it twice: 2^levels leaves by reference."""
    code = b"]q\x000" if pack == b"l" else b")q\x000"
    for level in range(levels):
        old, new = bytes([level % 256]), bytes([(level + 1) % 256])
        code += b"(h" + old + b"h" + old + pack + b"q" + new + b"0"
    return code + b"h" + new


def test_billions_of_laughs_cost_nothing(written):
    refused(written(b"\x80\x02" + laughs(200, b"t") + b"."), "no network")
    refused(written(b"\x80\x02}" + laughs(200, b"t") + b"K\x01s."), "keys")
    refused(written(b"\x80\x02" + b"cbuiltins\nset\n](" + laughs(60, b"t") + b"e\x85R."), "plain values")
    refused(written(b"\x80\x02}X\x05\x00\x00\x00g_ema" + laughs(200, b"l") + b"s."), "layout|incomplete")


def test_shared_modules_do_not_multiply(written):
    """A tree of 2^40 paths over 40 modules."""
    name = encode(Name("torch_utils.persistence._reconstruct_persistent_obj"))
    shared = b"N"
    code = b"\x80\x03"
    for level in range(40):
        children = b"}" if level == 0 else b"}(" + encode("a") + shared + encode("b") + shared + b"u"
        state = (
            b"}(" + encode("_parameters") + b"}" + encode("_buffers") + b"}" + encode("_modules") + children
        )
        state += encode("_init_args") + b")" + encode("_init_kwargs") + b"}u"
        meta = (
            b"}("
            + b"".join(map(encode, ("type", "class", "class_name", "Generator", "state")))
            + state
            + b"u"
        )
        code += name + meta + b"\x85Rr" + struct.pack("<I", level) + b"0"
        shared = b"j" + struct.pack("<I", level)
    refused(written(code + shared + b"."), "without end")


def test_deep_nesting_is_refused(written):
    refused(written(b"\x80\x02" + b"(" * (MOST_MARKS + 5) + b"."), "deeper")
    refused(written(b"\x80\x02)" + b"\x85" * 200_000 + b"."), "no network")
    refused(written(b"\x80\x02]" + b"]" * 5 + b"a" * 5 + b"."), "no network")


def test_far_too_many_objects_are_refused(written, monkeypatch):
    monkeypatch.setattr(sys.modules["latentlab.store.bridge.read"], "Budget", partial(Budget, steps=10_000))
    refused(written(b"\x80\x02" + b"}0" * 20_000 + b"N."), "far more objects")


@pytest.mark.parametrize(
    "code",
    [
        b"\x8b\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\xff",
        b"\x8a\xff" + b"\x01" * 255,
        b"L" + b"9" * 400 + b"L\n",
    ],
)
def test_absurd_integers_are_refused(written, code):
    refused(written(b"\x80\x02" + code + b"."), "absurd")


def test_declared_lengths_do_not_allocate(written):
    tracemalloc.start()
    for code in (
        b"B\xff\xff\xff\x7f",
        b"X\xff\xff\xff\x7f",
        b"\x8e" + b"\xff" * 7 + b"\x7f",
        b"\x95" + b"\xff" * 8,
        b"\x96" + b"\xff" * 8,
    ):
        refused(written(b"\x80\x04" + code + b"."), "truncated|256 MB")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(written):
    data = zipped({"archive/data.pkl": b"\0" * (64 << 20)}, zipfile.ZIP_DEFLATED)
    path = written(data, "bomb.pt")
    tracemalloc.start()
    refused(path, "zip bomb")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_zip_entry_that_unpacks_to_more_than_it_declares_is_refused(written):
    data = bytearray(zipped({"archive/data.pkl": b"\0" * (4 << 20)}, zipfile.ZIP_DEFLATED))
    end = data.rindex(b"PK\x01\x02")
    data[end + 24 : end + 28] = struct.pack("<I", 1000)
    tracemalloc.start()
    refused(written(bytes(data), "bomb.pt"), "another size")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_zip_entries_that_overlap_are_refused(written):
    data = bytearray(zipped({"archive/data.pkl": b"\x80\x02N.", "archive/data/0": b"x" * 64}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    refused(written(bytes(data), "bomb.pt"), "overlap")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"readme.txt": b"hello"}, "data.pkl"),
        ({"a/data.pkl": b"\x80\x02N.", "b/data.pkl": b"\x80\x02N."}, "data.pkl"),
        ({"a/data.pkl": b"\x80\x02N.", "a/constants.pkl": b""}, "TorchScript"),
        ({"a/data.pkl": b"\x80\x02N.", "a/byteorder": b"big"}, "big-endian"),
        ({"a/data.pkl": b"\x80\x02cos\nsystem\n."}, r"os\.system"),
    ],
)
def test_other_zip_files_are_refused(written, entries, reason):
    refused(written(zipped(entries), "network.pt"), reason)


def test_a_storage_with_missing_or_short_data_is_refused(written):
    whole = torch_file({"g_ema": {"input.input": torch.zeros(1, 4, 4, 4)}})
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    data = next(name for name in entries if "/data/" in name)
    refused(written(zipped({k: v for k, v in entries.items() if k != data}), "a.pt"), "missing")
    refused(written(zipped(entries | {data: entries[data][:-4]}), "b.pt"), "declared")


def test_a_wrong_checksum_is_noticed(written):
    data = bytearray(torch_file({"g_ema": {"input.input": torch.ones(1, 4, 4, 4)}}))
    data[data.index(struct.pack("<f", 1.0) * 8)] ^= 1
    refused(written(bytes(data), "a.pt"), "checksum")


def test_a_big_endian_stream_is_refused(written):
    data = torch_file({"g_ema": {"input.input": torch.ones(1, 4, 4, 4)}}, legacy=True)
    place = data.index(b"little_endian")
    data = data[:place] + data[place:].replace(b"\x88", b"\x89", 1)
    refused(written(data, "a.pt"), "big-endian")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs"),
        (b"\x1f\x8b\x08\x00aaaa", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"hello world", "known format"),
        (b"\x00" * 600, "known format"),
        (b"x" * 257 + b"ustar" + b"x" * 300, "tar"),
        (b"", "empty"),
        (b"\x80", "truncated"),
        (pickled({"weights": [1.0]}), "unknown layout"),
        (pickled([1, 2]), "no network"),
        (pickled({"G_ema": None}), "layout|none of"),
        (pickled((New("dnnlib.tflib.network.Network", {"version": 9}),) * 3), "version 9"),
        (pickled((New("dnnlib.tflib.network.Network"),) * 2), "G, D, Gs"),
    ],
)
def test_foreign_files_are_told_apart(written, data, reason):
    refused(written(data), reason)


def test_folders_missing_files_and_devices_are_refused(tmp_path):
    refused(tmp_path / "missing.pkl", "no file")
    refused(tmp_path, "not a regular file|directory")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    with pytest.raises(BadFile, match="not a regular file"):
        read("/dev/zero")


def test_loose_tensors_come_through_the_same_reader(written):
    with pytest.raises(BadFile, match=r"os\.system|posix\.system"):
        read_tensors(written(pickle.dumps(Attack(os.system, "true")), "a.pt"))
    objects = io.BytesIO()
    np.save(objects, np.array([Attack(os.system, "true")], dtype=object), allow_pickle=True)
    with pytest.raises(BadFile, match=r"os\.system|posix\.system"):
        read_tensors(written(objects.getvalue(), "a.npy"))


def test_the_checksum_of_the_zip_reader_is_the_usual_one():
    assert zlib.crc32(memoryview(b"123456789")) == 0xCBF43926


MANY = 20_000


def test_one_large_container_cannot_be_copied_over_and_over(written, monkeypatch):
    monkeypatch.setattr(sys.modules["latentlab.store.bridge.read"], "Budget", partial(Budget, steps=300_000))
    pairs = b"](" + b"K\x01K\x02\x86" * MANY + b"e"
    copies = b"ccollections\nOrderedDict\nh\x01\x85R" * 2000
    tracemalloc.start()
    refused(written(b"\x80\x02" + pairs + b"q\x010(" + copies + b"t."), "far more objects")
    assert tracemalloc.get_traced_memory()[1] < 60 << 20
    tracemalloc.stop()


def test_one_large_text_cannot_be_encoded_over_and_over(written):
    text = encode("x" * (4 << 20)) + b"q\x010"
    copies = b"c_codecs\nencode\n(h\x01X\x06\x00\x00\x00latin1tR" * 2000
    tracemalloc.start()
    refused(written(b"\x80\x02" + text + b"(" + copies + b"t."), "far larger than the file")
    assert tracemalloc.get_traced_memory()[1] < 600 << 20
    tracemalloc.stop()


def test_one_large_dict_of_tensors_cannot_be_listed_over_and_over(written):
    leaf = encode(tensor(torch.zeros(1))) + b"r\x00\x01\x00\x000"
    names = (
        b"}(" + b"".join(encode(f"t{index}") + b"j\x00\x01\x00\x00" for index in range(30_000)) + b"uq\x010"
    )
    child = encode(Name("torch_utils.persistence._reconstruct_persistent_obj")) + b"}("
    child += b"".join(map(encode, ("type", "class", "class_name", "Generator", "state")))
    child += b"}(" + encode("_parameters") + b"h\x01uu\x85Rq\x020"
    top = child[: -len(b"h\x01uu\x85Rq\x020")] + b"}" + encode("_modules")
    top += b"}(" + b"".join(encode(f"m{index}") + b"h\x02" for index in range(5000)) + b"uuu\x85R"
    refused(written(b"\x80\x02" + leaf + names + child + top + b"."), "without end")


def test_a_shared_storage_is_checked_once(written, monkeypatch):
    from latentlab.store.bridge import zip_stream

    counted = []
    real = zip_stream.extract
    monkeypatch.setattr(
        zip_stream, "extract", lambda data, entry: counted.append(entry.name) or real(data, entry)
    )
    flat = torch.zeros(24)
    state = {f"body.{unit}.res_layer.0.weight": flat[unit] for unit in range(24)} | {
        "input_layer.0.weight": flat[:6].reshape(2, 3)
    }
    read(written(torch_file(state), "a.pth"))
    assert len([name for name in counted if name.endswith("data/0")]) == 1
