"""Files that people brought, and the kinds behind them: each is read, or refused in one line that names it."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
import torch

from latentlab.core.errors import BadFile, BadInput, LatentLabError
from latentlab.core.latent import Latent, Space
from latentlab.networks import build, export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.archive import Archive
from latentlab.store.bridge import Foreign, read, read_tensors, write
from latentlab.store.home import find_network
from latentlab.store.table import Table
from tests.store.pickles import module, pickled

REPORTED = Path(__file__).parent.parent / "fixtures" / "reported"


def network(path: Path):
    foreign = read(path)["G_ema"]
    return build(foreign.kind, foreign.arguments, foreign.tensors)


def line(act) -> str:
    """The one line of a refusal."""
    with pytest.raises(LatentLabError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("clamp256.pkl", (3, 32, 32)),
        ("ada_state_dict.pth", (3, 32, 32)),
        ("gray.pkl", (1, 32, 32)),
        ("rgba.pkl", (4, 32, 32)),
        ("eps696_square_init_res.pkl", (3, 32, 32)),
        ("eps696_nonsquare.pkl", (3, 24, 40)),
    ],
)
def test_reported_networks_make_pictures(name, shape, tmp_path):
    generator = network(REPORTED / name)
    latent = Latent(Space.Z, torch.randn(2, generator.z_width, generator=torch.Generator().manual_seed(0)))
    images = generator.render(latent)
    assert images.shape == (2, *shape)
    again = network(write(read(REPORTED / name)["G_ema"], tmp_path / "own.safetensors"))
    assert torch.equal(again.render(latent), images)


def test_what_was_passed_over_or_assumed_is_noted():
    assert "init_res" in read(REPORTED / "eps696_square_init_res.pkl")["G_ema"].notes[0]
    assert "`given`" in read(REPORTED / "ada_state_dict.pth")["G_ema"].notes[0]
    assert read(REPORTED / "gray.pkl")["G_ema"].notes == ()


WRAPPERS = {
    "bare": lambda states: states["G_ema"],
    "under its name": lambda states: states,
    "prefixed": lambda states: {f"G_ema.{name}": value for name, value in states["G_ema"].items()},
    "data parallel": lambda states: {f"module.{name}": value for name, value in states["G_ema"].items()},
    "wrapped": lambda states: {"state_dict": states["G_ema"], "epoch": 3},
    "halves": lambda states: {name: value.half() for name, value in states["G_ema"].items()},
}
NETWORKS = {
    "skip": {},
    "resnet": {"architecture": "resnet"},
    "orig": {"architecture": "orig"},
    "labels": {"condition_width": 3},
    "no noise": {"noise": False},
    "taps": {"taps": [1, 2, 1]},
    "grey, wide": {"colours": 1, "constant": [2, 3]},
    "eight": {"colours": 8},
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_state_dicts_of_nvidia_are_read_however_they_are_wrapped(wrapper, tmp_path):
    generator, judge = tiny_generator(), tiny_discriminator()
    states = {"G": tiny_generator(seed=5), "D": judge, "G_ema": generator}
    torch.save(
        WRAPPERS[wrapper]({part: one.state_dict() for part, one in states.items()}), tmp_path / "x.pth"
    )
    parts = read(tmp_path / "x.pth")
    again = build(parts["G_ema"].kind, parts["G_ema"].arguments, parts["G_ema"].tensors)
    w = torch.randn(1, generator.layers, generator.w_width, generator=torch.Generator().manual_seed(1))
    tolerance = 3e-2 if wrapper == "halves" else 0
    assert torch.allclose(
        again.render(Latent(Space.W_PLUS, w)), generator.render(Latent(Space.W_PLUS, w)), atol=tolerance
    )
    if wrapper == "under its name":
        verdicts = [build(p.kind, p.arguments, p.tensors) for p in (parts["D"],)] + [judge]
        images = torch.randn(4, 3, 32, 32)
        assert torch.allclose(verdicts[0](images), verdicts[1](images), atol=1e-5)


@pytest.mark.parametrize("change", NETWORKS)
def test_the_sizes_of_any_stylegan2_are_read_from_its_weights(change, tmp_path):
    generator = tiny_generator(resolution=16, **NETWORKS[change])
    torch.save(
        generator.state_dict() | {"synthesis.b8.resample_filter": generator.synthesis.b8.resample_filter},
        tmp_path / "x.pth",
    )
    again = network(tmp_path / "x.pth")
    styles = torch.randn(1, generator.style_width, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again(styles), generator(styles))
    assert (again.condition_width, again.picture_shape) == (
        generator.condition_width,
        generator.picture_shape,
    )


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"conv_kernel": 1, "use_radial_filters": True},
        {"colours": 4, "num_layers": 8},
        {"num_critical": 0, "channel_base": 700},
        {"margin_size": 4},
        {"condition_width": 2, "resolution": 64},
    ],
)
def test_the_sizes_of_any_stylegan3_are_read_from_its_weights(change, tmp_path):
    generator = tiny_generator(
        "stylegan3", **{"resolution": 32, "channel_base": 600, "channel_max": 20} | change
    )
    torch.save({"G_ema": generator.state_dict()}, tmp_path / "x.pth")
    again = network(tmp_path / "x.pth")
    styles = torch.randn(1, generator.style_width, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again(styles), generator(styles))


def test_what_a_state_dict_does_not_tell_can_be_given(tmp_path):
    generator = tiny_generator("stylegan3", first_cutoff=3.0, first_stopband=6.0, output_scale=0.5)
    torch.save(generator.state_dict(), tmp_path / "x.pth")
    assert "first_cutoff" in line(lambda: read(tmp_path / "x.pth"))
    given = {"first_cutoff": 3.0, "first_stopband": 6.0, "output_scale": 0.5}
    foreign = read(tmp_path / "x.pth", given=given)["G_ema"]
    again = build(foreign.kind, foreign.arguments, foreign.tensors)
    styles = torch.randn(1, generator.style_width, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again(styles), generator(styles))
    assert "spiral" in line(lambda: read(tmp_path / "x.pth", given=given | {"spiral": 1}))


@pytest.mark.parametrize("colours", [1, 4, 8])
@pytest.mark.parametrize("constant", [[4, 4], [4, 2]])
def test_pickles_of_nvidia_with_other_channels_and_shapes(colours, constant, tmp_path):
    kind, arguments, tensors = export(tiny_generator(resolution=16, colours=colours, constant=constant))
    told = {
        "z_dim": 32, "c_dim": 0, "w_dim": 32, "img_resolution": 16, "img_channels": colours, "square": constant == [4, 4],
        "mapping_kwargs": {"num_layers": 2}, "synthesis_kwargs": {"channel_base": 16 * 16, "channel_max": 16},
    }  # fmt: skip
    (tmp_path / "x.pkl").write_bytes(pickled({"G_ema": module("Generator", tensors, told)}))
    back = read(tmp_path / "x.pkl")["G_ema"]
    assert (
        build(back.kind, back.arguments, back.tensors).picture_shape == build(kind, arguments).picture_shape
    )


@pytest.mark.parametrize(
    ("content", "family"),
    [
        ({"G_ema": module("Generator", {"x": torch.zeros(1)}, {"path_stem": "a.pkl", "head_layers": [7]})}, "StyleGAN-XL"),
        ({"G_ema": module("SuperresGenerator", {"x": torch.zeros(1)})}, "StyleGAN-XL"),
        ({"G_ema": module("Generator", {"x": torch.zeros(1)}, {"conditional": True, "train_mode": "all"})}, "StyleGAN-T"),
        ({"G_ema": module("TriPlaneGenerator", {"x": torch.zeros(1)})}, "EG3D"),
        ({"G_ema": module("SpiralLayer", {"x": torch.zeros(1)})}, "fork of StyleGAN"),
    ],
)  # fmt: skip
def test_families_that_are_not_read_are_named(content, family, tmp_path):
    (tmp_path / "x.pkl").write_bytes(pickled(content))
    told = line(lambda: read(tmp_path / "x.pkl"))
    assert family in told
    assert "latentlab does not read" in told
    assert "harmless" not in told


def test_an_address_is_answered_with_the_command_that_takes_it():
    with pytest.raises(BadInput, match=r"models add NAME https://example\.org/x\.pkl"):
        find_network("https://example.org/x.pkl")


# hostile and broken files


@pytest.mark.parametrize(
    "key", ["version", "name", "build_func_name", "static_kwargs", "variables", "components"]
)
def test_shared_tuples_are_never_written_out(key, tmp_path):
    laughs = b")" + b"2\x86" * 60
    start = b"\x80\x04\x8c\x14dnnlib.tflib.network\x8c\x07Network\x93)\x81}"
    (tmp_path / "x.pkl").write_bytes(start + b"\x8c" + bytes([len(key)]) + key.encode() + laughs + b"sb.")
    begin = time.monotonic()
    line(lambda: read(tmp_path / "x.pkl"))
    line(lambda: read(REPORTED / "p03_tf_version_bomb.pkl"))
    line(lambda: read_tensors(REPORTED / "p03_tf_version_bomb.pkl"))
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "name", ["z_dim", "img_resolution", "init_res", "square", "mapping_kwargs", "synthesis_kwargs", "x"]
)
def test_shared_tuples_in_arguments_are_never_written_out(name, tmp_path):
    from tests.store.pickles import Raw

    told = {"z_dim": 8, "c_dim": 0, "w_dim": 8, "img_resolution": 8} | {name: Raw(b")" + b"2\x86" * 60)}
    (tmp_path / "x.pkl").write_bytes(pickled({"G_ema": module("Generator", {"x": torch.zeros(1)}, told)}))
    assert len(line(lambda: read(tmp_path / "x.pkl"))) < 500


def test_arguments_of_our_own_files_pass_the_gate():
    foreign = read(REPORTED / "s11_mapping_layers_1e9.safetensors")["G_ema"]
    assert "mapping_layers" in line(lambda: build(foreign.kind, foreign.arguments, foreign.tensors))


def test_a_file_whose_hash_does_not_fit_is_refused_when_it_is_read():
    assert "hash" in line(lambda: Archive.load(REPORTED / "e01_wrong_hash.safetensors"))


def header(shape: tuple, kind: str = "<f4") -> bytes:
    text = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("w.npy", "w") as file:
        for _ in range(40):
            file.write(content)
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 61, 8), (3,), (-1,), (1,) * 70, ("a",), (10**30,)])
def test_declared_shapes_take_no_memory(shape, tmp_path):
    (tmp_path / "x.npy").write_bytes(header(shape) + b"\x00" * 8)
    (tmp_path / "x.npz").write_bytes(zipped(header(shape)))
    for name in ("x.npy", "x.npz"):
        line(lambda name=name: read_tensors(tmp_path / name))


def test_a_bomb_in_an_npz_is_refused_before_it_is_unpacked(tmp_path):
    (tmp_path / "x.npz").write_bytes(zipped(b"\x00" * (16 << 20)))
    assert "bomb" in line(lambda: read_tensors(tmp_path / "x.npz"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" * 1000,
        '{"a":' * 1000,
        "a" + ".a" * 5000 + " = 1",
        "[" + "a." * 5000 + "a]",
        "a = " + "[" * 5000,
        "a = 0x" + "f" * 5000,
        "[[" * 500,
    ],
)
def test_recipes_do_not_nest_without_end(text, tmp_path):
    for ending in (".toml", ".json"):
        (tmp_path / f"x{ending}").write_text(text)
        line(lambda ending=ending: Table.load(tmp_path / f"x{ending}"))


def test_pipes_are_no_files(tmp_path):
    from latentlab.core.image import load_picture, read_story

    os.mkfifo(tmp_path / "x.toml")
    for act in (read, read_tensors, Table.load, Archive.load, load_picture, read_story, find_network):
        line(lambda act=act: act(tmp_path / "x.toml"))


def test_control_characters_of_files_do_not_reach_the_terminal(tmp_path):
    assert str(BadFile("it holds '\x1b[2J\n\u202e'")) == r"it holds '\x1b[2J \u202e'"


def test_colours_that_a_file_does_not_have_are_noticed():
    kind, arguments, tensors = export(tiny_generator())
    assert "torgb" in line(lambda: build(kind, arguments | {"colours": 4}, tensors))
    assert isinstance(Foreign(kind, arguments, tensors).notes, tuple)
