"""Layouts of which no small published file exists: they are made here from our own networks, the other way round."""

from __future__ import annotations

import io
import re
from argparse import Namespace
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.networks import build, export
from latentlab.networks.tiny import tiny_discriminator, tiny_generator
from latentlab.store.bridge import read
from tests.store.pickles import New, Raw, encode, pickled

SIZE = 16
CLASSES = 3
FMAPS = {"fmap_base": SIZE * 8, "fmap_max": 16}


def conv(value: Tensor) -> np.ndarray:
    return value.permute(2, 3, 1, 0).numpy()


def turned(value: Tensor) -> np.ndarray:
    return value.permute(2, 3, 1, 0).flip(0, 1).numpy()


def dense(value: Tensor) -> np.ndarray:
    return value.t().numpy()


def network(
    version: int, arguments: dict, variables: dict[str, object], components: dict | None = None
) -> New:
    state = {
        "version": version,
        "name": "N",
        "static_kwargs": arguments,
        "components": components or {},
        "build_module_src": "raise SystemExit('executed')",
        "build_func_name": "G_main",
        "variables": [
            (name, value.numpy() if isinstance(value, Tensor) else value) for name, value in variables.items()
        ],
    }
    return New("dnnlib.tflib.network.Network", state)


def tf_stylegan2(tensors: dict[str, Tensor], version: int, arguments: dict, label: str) -> New:
    mapping, synthesis = {}, {}
    for name, value in tensors.items():
        if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
            mapping[f"Dense{match[1]}/{match[2]}"] = dense(value) if match[2] == "weight" else value
        elif name == "mapping.embed.weight":
            mapping[f"{label}/weight"] = dense(value) if label == "LabelEmbed" else value
        elif name == "mapping.embed.bias":
            mapping[f"{label}/bias"] = value
        elif match := re.fullmatch(r"synthesis\.b(\d+)\.(.+)", name):
            put_layer(synthesis, int(match[1]), match[2], value)
    parts = {
        "synthesis": network(version, arguments, synthesis),
        "mapping": network(version, arguments, mapping),
    }
    return network(version, arguments, {"lod": 0.0, "dlatent_avg": tensors["mapping.w_avg"]}, parts)


def put_layer(synthesis: dict, size: int, rest: str, value: Tensor) -> None:
    if rest == "const":
        synthesis["4x4/Const/const"] = value[None]
        return
    layer, _, what = rest.partition(".")
    old = {"torgb": "ToRGB", "skip": "Skip", "conv0": "Conv0_up", "conv1": "Conv" if size == 4 else "Conv1"}[
        layer
    ]
    place = f"{size}x{size}/{old}"
    number = 2 * (size.bit_length() - 1) - (5 if layer == "conv0" else 4)
    if what == "noise_const":
        synthesis[f"noise{number}"] = value[None, None]
    elif what == "affine.bias":
        synthesis[f"{place}/mod_bias"] = value - 1
    elif what == "affine.weight":
        synthesis[f"{place}/mod_weight"] = dense(value)
    elif what == "weight":
        synthesis[f"{place}/weight"] = turned(value) if layer in ("conv0", "skip") else conv(value)
    elif what == "noise_strength":
        synthesis[f"{place}/noise_strength"] = float(value)
    else:
        synthesis[f"{place}/{what}"] = value


def tf_discriminator(tensors: dict[str, Tensor], version: int, arguments: dict) -> New:
    names = {
        "fromrgb": "FromRGB",
        "conv0": "Conv0",
        "conv1": "Conv1_down",
        "skip": "Skip",
        "conv": "Conv",
        "fc": "Dense0",
    }
    variables = {}
    for name, value in tensors.items():
        place, layer, what = name.split(".")
        change = conv if value.ndim == 4 else dense if what == "weight" else (lambda v: v)
        if place == "mapping":
            old = "LabelEmbed" if layer == "embed" else f"Mapping{layer.removeprefix('fc')}"
        elif layer == "out":
            old = "Output"
        else:
            old = f"{place[1:]}x{place[1:]}/{names[layer]}"
        variables[f"{old}/{what}"] = change(value)
    return network(version, arguments, variables)


def same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float = 1e-6) -> None:
    assert set(found) == {name for name in expected if not name.endswith("resample_filter")}
    for name, value in found.items():
        assert torch.allclose(value, expected[name], atol=tolerance), name


TF = {"resolution": SIZE, "num_channels": 3, "label_size": CLASSES, **FMAPS}
TF_G = TF | {"latent_size": 32, "dlatent_size": 32, "mapping_layers": 2}


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_a_conditional_ada_pickle_of_tensorflow_loads(written, architecture):
    generator = export(tiny_generator("stylegan2", SIZE, 1, CLASSES, architecture=architecture, clamp=256.0))
    discriminator = export(
        tiny_discriminator("stylegan2_discriminator", SIZE, 2, CLASSES, mapping_layers=2, mapping_lr=0.1)
    )
    options = {"architecture": architecture, "conv_clamp": 256, "num_fp16_res": 4, "label_fmaps": 32}
    g = tf_stylegan2(generator[2], 5, TF_G | options, "LabelEmbed")
    d = tf_discriminator(discriminator[2], 5, TF | {"mapping_layers": 2, "mbstd_group_size": 4})
    parts = read(written(pickled((g, d, g))))
    same(parts["G_ema"].tensors, generator[2])
    same(parts["D"].tensors, discriminator[2])
    assert parts["G_ema"].arguments["half_resolutions"] == 4
    assert parts["G_ema"].arguments["clamp"] == 256.0
    for foreign in parts.values():
        build(foreign.kind, foreign.arguments, foreign.tensors)


def test_a_conditional_stylegan2_pickle_of_tensorflow_joins_the_label_before_the_norm(written):
    generator = export(tiny_generator("stylegan2", SIZE, 1, CLASSES, condition_joined=True))
    discriminator = export(tiny_discriminator("stylegan2_discriminator", SIZE, 2, CLASSES, class_logits=True))
    g = tf_stylegan2(generator[2], 4, TF_G | {"mapping_fmaps": 32}, "LabelConcat")
    d = tf_discriminator(discriminator[2], 4, TF)
    parts = read(written(pickled((g, d, g))))
    same(parts["G_ema"].tensors, generator[2])
    same(parts["D"].tensors, discriminator[2])
    assert build(parts["G_ema"].kind, parts["G_ema"].arguments, parts["G_ema"].tensors).mapping.joined
    build(parts["D"].kind, parts["D"].arguments, parts["D"].tensors)


def tf_stylegan1(tensors: dict[str, Tensor], arguments: dict, lod: float) -> New:
    mapping, synthesis = {}, {"lod": lod}
    for name, value in tensors.items():
        if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
            mapping[f"Dense{match[1]}/{match[2]}"] = dense(value) if match[2] == "weight" else value
        elif name == "mapping.embed.weight":
            mapping["LabelConcat/weight"] = value
        elif match := re.fullmatch(r"synthesis\.b(\d+)\.(.+)", name):
            put_layer1(synthesis, int(match[1]), match[2], value)
    parts = {"synthesis": network(3, arguments, synthesis), "mapping": network(3, arguments, mapping)}
    return network(3, arguments, {"lod": lod, "dlatent_avg": tensors["mapping.w_avg"]}, parts)


def put_layer1(synthesis: dict, size: int, rest: str, value: Tensor) -> None:
    layer, _, what = rest.partition(".")
    power = size.bit_length() - 1
    if rest == "const":
        synthesis["4x4/Const/const"] = value[None]
    elif layer == "torgb":
        synthesis[f"ToRGB_lod{SIZE.bit_length() - 1 - power}/{what}"] = (
            conv(value) if what == "weight" else value
        )
    elif what == "noise_const":
        synthesis[f"noise{2 * power - 4 + (layer == 'conv1')}"] = value[None, None]
    else:
        pair = ("Const", "Conv") if size == 4 else ("Conv0_up", "Conv1")
        old = f"{size}x{size}/{pair[layer == 'conv1']}"
        new = {
            "noise_weight": "Noise/weight",
            "style.weight": "StyleMod/weight",
            "style.bias": "StyleMod/bias",
        }
        change = conv if what == "weight" else dense if what == "style.weight" else (lambda v: v)
        synthesis[f"{old}/{new.get(what, what)}"] = change(value)


def test_a_conditional_stylegan1_pickle_with_a_level_of_detail_loads(written):
    generator = export(tiny_generator("stylegan1", SIZE, 1, CLASSES))
    arguments = TF_G | {
        "mapping_fmaps": 32,
        "fused_scale": True,
        "blur_filter": [1, 2, 1],
        "truncation_psi": 0.5,
    }
    foreign = read(written(pickled(tf_stylegan1(generator[2], arguments, 1.5))))["G_ema"]
    same(foreign.tensors, generator[2])
    assert (foreign.arguments["lod"], foreign.arguments["fused_from"]) == (1.5, 8)
    assert foreign.arguments["truncation_psi"] == 0.5
    build(foreign.kind, foreign.arguments, foreign.tensors)


def test_array_bytes_written_as_latin1_text_are_read(written):
    """Protocol 2 of Python 3 goes through _codecs.encode, Python 2 writes a raw string."""
    generator = export(tiny_generator("stylegan2", SIZE, 1))
    average = generator[2]["mapping.w_avg"].numpy()
    data = average.tobytes()
    kind = encode(
        Raw(b"cnumpy\ndtype\n(U\x02f4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
    )
    start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    raw = b"T" + len(data).to_bytes(4, "little") + data
    text = b"c_codecs\nencode\n(" + encode(data.decode("latin-1")) + b"X\x06\x00\x00\x00latin1tR"
    for stored in (raw, text):
        odd = Raw(start + b"(K\x01(" + encode(len(average)) + b"t" + kind + b"\x89" + stored + b"tb")
        g = tf_stylegan2(generator[2], 4, TF_G | {"mapping_fmaps": 32, "label_size": 0}, "")
        g.state["variables"][1] = ("dlatent_avg", odd)
        foreign = read(written(pickled(g, 2)))["G_ema"]
        assert np.array_equal(foreign.tensors["mapping.w_avg"].numpy(), average)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"surprise": 1}, "'surprise'"),
        ({"fmap_decay": 0.5}, "fmap_decay"),
        ({"num_channels": 1}, "torgb"),
        ({"num_channels": 9}, "num_channels"),
        ({"dtype": "float16"}, "dtype"),
        ({"normalize_latents": False}, "normalize_latents"),
    ],
)
def test_tensorflow_arguments_that_we_cannot_honour_are_refused_by_name(written, change, reason):
    generator = export(tiny_generator("stylegan2", SIZE, 1))
    g = tf_stylegan2(generator[2], 4, TF_G | {"mapping_fmaps": 32, "label_size": 0} | change, "")
    with pytest.raises(BadFile, match=reason):
        read(written(pickled(g)))


def test_missing_and_strange_tensorflow_variables_are_named(written):
    generator = export(tiny_generator("stylegan2", SIZE, 1))
    g = tf_stylegan2(generator[2], 4, TF_G | {"mapping_fmaps": 32, "label_size": 0}, "")
    variables = g.state["components"]["synthesis"].state["variables"]
    variables.append(("8x8/Surprise/weight", np.zeros(2, np.float32)))
    with pytest.raises(BadWeights, match="8x8/Surprise/weight"):
        read(written(pickled(g)))
    g.state["components"]["synthesis"].state["variables"] = variables[1:-1]
    with pytest.raises(BadWeights, match="missing"):
        read(written(pickled(g)))


def test_configurations_a_to_d_are_refused_by_their_builder(written):
    g = network(4, TF_G, {})
    g.state["build_func_name"] = "G_synthesis_stylegan_revised"
    with pytest.raises(BadFile, match="configuration A to D"):
        read(written(pickled(g)))


def encoder_state(heads: int = 0, prefix: str = "encoder.", units: int = 24) -> OrderedDict[str, Tensor]:
    """Names as published, tensors as small as can be: what the bridge looks at."""
    names = ["input_layer.0.weight", *(f"body.{unit}.res_layer.0.weight" for unit in range(units))]
    names += ["body.0.res_layer.5.fc1.weight", *(f"styles.{head}.linear.weight" for head in range(heads))]
    return OrderedDict((prefix + name, torch.zeros(2, 3, 1, 1)) for name in names)


def saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"stylegan_size": 1024, "encoder_type": "Encoder4Editing"}, "encoder_e4e"),
        ({"stylegan_size": 1024}, "encoder_e4e"),
        ({"output_size": 1024, "encoder_type": "GradualStyleEncoder"}, "encoder_psp"),
        ({"output_size": 1024}, "encoder_psp"),
        (Namespace(output_size=256), "encoder_psp"),
    ],
)
def test_pyramid_encoders_are_told_apart_by_their_options(written, options, kind):
    average = torch.arange(4.0).reshape(1, 4).repeat(5, 1)
    checkpoint = {"state_dict": encoder_state(5), "opts": options, "latent_avg": average}
    foreign = read(written(saved(checkpoint), "a.pt"))["encoder"]
    assert foreign.kind == kind
    assert foreign.arguments == {
        "depth": 50, "se": True, "styles": 5, "input_channels": 3, "start_from_average": True,
    }  # fmt: skip
    assert torch.equal(foreign.tensors["latent_avg"], average)
    assert "input_layer.0.weight" in foreign.tensors


def test_the_decoder_of_a_checkpoint_becomes_the_generator(written, tmp_path, tiny):
    from latentlab.store.bridge import Foreign, write

    plain = torch.load(write(Foreign(*tiny), tmp_path / "g.pt"), weights_only=True)
    state = encoder_state(5) | {f"decoder.{name}": value for name, value in plain["g_ema"].items()}
    average = plain["latent_avg"].repeat(4, 1)
    parts = read(
        written(saved({"state_dict": state, "opts": {"device": "cuda:0"}, "latent_avg": average}), "a.pt")
    )
    assert torch.equal(
        parts["G_ema"].tensors["mapping.w_avg"], plain["latent_avg"]
    )  # equal rows are one vector
    build(parts["G_ema"].kind, parts["G_ema"].arguments, parts["G_ema"].tensors)


def test_other_encoders_are_told_apart_by_their_tensors(written):
    last = encoder_state() | {
        "encoder.output_layer_2.3.weight": torch.zeros(1),
        "encoder.linear.weight": torch.zeros(9216, 1),
    }
    foreign = read(written(saved({"state_dict": last, "opts": {"start_from_latent_avg": False}}), "a.pt"))[
        "encoder"
    ]
    assert (foreign.kind, foreign.arguments["styles"]) == ("encoder_last", 18)
    assert not foreign.arguments["start_from_average"]
    foreign = read(written(saved({"state_dict": encoder_state(), "opts": {}}), "b.pt"))["encoder"]
    assert foreign.kind == "encoder_w"
    flat = encoder_state(prefix="") | {"output_layer.3.weight": torch.zeros(1)}
    assert read(written(saved(flat), "c.pth"))["encoder"].kind == "arcface"


@pytest.mark.parametrize(
    ("state", "options", "reason"),
    [
        (encoder_state(5, units=23), {}, "23 residual units"),
        (encoder_state(5), {"encoder_type": "SomethingElse"}, "SomethingElse"),
        (encoder_state(5), {"start_from_latent_avg": True}, "latent_avg"),
    ],
)
def test_encoders_that_do_not_fit_are_refused(written, state, options, reason):
    with pytest.raises(BadFile, match=reason):
        read(written(saved({"state_dict": state, "opts": options}), "a.pt"))


def test_storages_of_a_gpu_load_on_the_cpu(written):
    data = saved(encoder_state(prefix=""))
    assert data.count(b"cpuq") == 1
    moved = saved_with_location(encoder_state(prefix=""), "cuda:0")
    assert read(written(moved, "a.pth"))["encoder"].tensors["input_layer.0.weight"].device.type == "cpu"


def saved_with_location(value: object, location: str) -> bytes:
    """As torch writes tensors that lie on another device."""
    stream = io.BytesIO()
    real = torch.serialization.location_tag
    torch.serialization.location_tag = lambda _: location
    try:
        torch.save(value, stream)
    finally:
        torch.serialization.location_tag = real
    return stream.getvalue()


def test_an_encoder_of_full_size_is_built_from_its_checkpoint(written):
    arguments = {"depth": 50, "se": True, "styles": 1, "input_channels": 3, "start_from_average": False}
    tensors = export(build("encoder_w", arguments, None, 0))[2]
    state = {f"encoder.{name}": value for name, value in tensors.items()}
    foreign = read(written(saved({"state_dict": state, "opts": {"start_from_latent_avg": False}}), "a.pt"))[
        "encoder"
    ]
    assert foreign.arguments == arguments
    again = build(foreign.kind, foreign.arguments, foreign.tensors)
    assert all(torch.equal(value, tensors[name]) for name, value in again.state_dict().items())
