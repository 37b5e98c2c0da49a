"""rosinality/stylegan2-pytorch checkpoints: StyleGAN2 under other names; sizes are read from the weights."""

from __future__ import annotations

import re

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.store.bridge.checkpoint import StateDict, state_dict
from latentlab.store.bridge.foreign import Foreign, check_finite
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.records import StridedTensor
from latentlab.store.bridge.shapes import check_discriminator, check_stylegan2

PARTS = {"G_ema": "g_ema", "G": "g", "D": "d"}
LEARNING_RATE = 0.01
"""`lr_mlp`; the code base has no option for it."""
LARGEST = 4096
NO_AVERAGE = "the file has no average w, the centre of truncation; it was computed from 10,000 samples"
NO_NOISE = (
    "the file has no noise maps (its code draws them anew each time); they were drawn once, with seed 0"
)
LAYER = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def read_parts(found: dict, budget: Budget, wanted: tuple[str, ...]) -> dict[str, Foreign]:
    """G_ema, G and D of a checkpoint of train.py or convert_weight.py."""
    parts: dict[str, Foreign] = {}
    for part, key in PARTS.items():
        if part not in wanted or not isinstance(found.get(key), dict):
            continue
        state = state_dict(found[key])
        if part == "D":
            parts[part] = discriminator(state, budget)
        else:
            average = found.get("latent_avg") if part == "G_ema" else None
            parts[part] = generator(state, average, budget, part)
    return parts


def generator(state: StateDict, average: object, budget: Budget, part: str = "G_ema") -> Foreign:
    """The generator in a state dict; without an average the file has no centre of truncation."""
    tensors = {new: state[old].take(budget) for old, new in _names(state).items()}
    arguments = _arguments(tensors, _taps(state, budget))
    _settle_shapes(tensors)
    if isinstance(average, StridedTensor):
        tensors["mapping.w_avg"] = settle_average(average.take(budget))
    notes: tuple[str, ...] = () if isinstance(average, StridedTensor) else (NO_AVERAGE,)
    notes += (NO_NOISE,) if _fill_noise(tensors, arguments) else ()
    check_stylegan2(arguments, tensors, part)
    check_finite(tensors, part)
    return Foreign("stylegan2", arguments, tensors, {"format": "rosinality checkpoint", "part": part}, notes)


def settle_average(average: Tensor) -> Tensor:
    """[w]; [layers w] stays only where its rows differ."""
    average = average.reshape(-1, average.shape[-1]) if average.ndim != 1 else average
    if average.ndim == 2 and bool((average == average[:1]).all()):
        return average[0].clone()
    return average


def _names(state: StateDict) -> dict[str, str]:
    """Our name of each tensor; filters are left out, strangers refused."""
    names = {}
    for old in state:
        if not old.endswith(".kernel"):
            names[old] = _name(old)
    return names


def _name(old: str) -> str:
    if old == "input.input":
        return "synthesis.b4.const"
    if match := re.fullmatch(r"style\.(\d{1,3})\.(weight|bias)", old):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}"
    if match := re.fullmatch(r"noises\.noise_(\d{1,2})", old):
        return f"synthesis.{_layer(int(match[1]) - 1)}.noise_const"
    match = re.fullmatch(r"(conv1|to_rgb1|(?:convs|to_rgbs)\.\d{1,2})\.(.+)", old)
    if match is None or match[2] not in LAYER:
        raise BadFile(f"its generator has the tensor '{printable(old)}', which is not known here")
    place, _, number = match[1].partition(".")
    layer = {
        "conv1": lambda: "b4.conv1",
        "to_rgb1": lambda: "b4.torgb",
        "convs": lambda: _layer(int(number)),
        "to_rgbs": lambda: f"b{8 << int(number)}.torgb",
    }[place]()
    return f"synthesis.{layer}.{LAYER[match[2]]}"


def _layer(number: int) -> str:
    """`convs.{number}`; -1 is `conv1`."""
    return "b4.conv1" if number < 0 else f"b{8 << (number // 2)}.conv{number % 2}"


def _arguments(tensors: dict[str, Tensor], taps: list[float]) -> dict:
    sizes = sorted(
        {int(m[1]) for name in tensors if (m := re.match(r"synthesis\.b(\d+)\.conv1\.weight", name))}
    )
    layers = sum(bool(re.fullmatch(r"mapping\.fc\d+\.weight", name)) for name in tensors)
    expected = [4 << index for index in range(len(sizes))]
    if not sizes or not layers or sizes != expected or sizes[-1] > LARGEST:
        raise BadWeights("its generator lacks layers: the file is incomplete")
    first, last = tensors["mapping.fc0.weight"], tensors[f"mapping.fc{layers - 1}.weight"]
    colours = tensors[f"synthesis.b{sizes[-1]}.torgb.weight"].shape[1]
    shape = list(tensors["synthesis.b4.const"].shape[-2:])
    unusual: dict[str, object] = {} if colours == 3 else {"colours": colours}
    unusual |= {} if shape == [4, 4] else {"constant": shape}
    return unusual | {
        "z_width": first.shape[1],
        "condition_width": 0,
        "w_width": last.shape[0],
        "resolution": sizes[-1],
        "channels": {str(size): tensors[f"synthesis.b{size}.conv1.weight"].shape[1] for size in sizes},
        "mapping_layers": layers,
        "mapping_width": first.shape[0],
        "embed_width": 0,
        "mapping_activation": "lrelu",
        "mapping_lr": LEARNING_RATE,
        "architecture": "skip",
        "activation": "lrelu",
        "clamp": None,
        "half_resolutions": 0,
        "taps": taps,
        "noise": True,
    }


def _settle_shapes(tensors: dict[str, Tensor]) -> None:
    """Drop the axes of length 1 that this code base adds."""
    for name, value in tensors.items():
        if name.endswith(("noise_strength", "torgb.bias")):
            tensors[name] = value.reshape(
                [] if name.endswith("noise_strength") and value.numel() == 1 else [-1]
            )
        elif name.endswith("noise_const"):
            tensors[name] = value[0, 0].contiguous()
        elif name.endswith("const") or (value.ndim == 5 and value.shape[0] == 1):
            tensors[name] = value[0].contiguous()


def _fill_noise(tensors: dict[str, Tensor], arguments: dict) -> bool:
    """The earliest checkpoints store no noise maps; theirs was always drawn anew, ours is drawn once: whether it was."""
    source, drawn = torch.Generator().manual_seed(0), False
    height, width = arguments.get("constant", (4, 4))
    for size in map(int, arguments["channels"]):
        for layer in ("conv0", "conv1"):
            name = f"synthesis.b{size}.{layer}"
            if f"{name}.weight" in tensors and f"{name}.noise_const" not in tensors:
                shape = (size // 4 * height, size // 4 * width)
                tensors[f"{name}.noise_const"] = torch.randn(shape, generator=source)
                drawn = True
    return drawn


def _taps(state: StateDict, budget: Budget) -> list[float]:
    """The separable filter behind the stored 2-D kernels (scaled by 4 where they upsample)."""
    name = next((n for n in state if n.endswith(".kernel")), None)
    if name is None:
        return [1, 3, 3, 1]
    return taps_of(state[name].take(budget), name)


def taps_of(kernel: Tensor, name: str) -> list[float]:
    """The taps of a square filter [k k] that is their outer product, whole numbers where they are."""
    if (
        kernel.ndim != 2
        or kernel.shape[0] != kernel.shape[1]
        or kernel.shape[0] > 64
        or float(kernel.sum()) == 0
    ):
        raise BadWeights(f"its filter '{printable(name)}' is no square filter")
    taps = kernel.double().sum(0) / kernel.double().sum()
    if not torch.allclose(torch.outer(taps, taps), kernel.double() / kernel.double().sum(), atol=1e-6):
        raise BadWeights(f"its filter '{printable(name)}' is not separable")
    scaled = taps / taps.abs()[taps.abs() > 1e-6].min()
    rounded = scaled.round()
    return (
        [int(t) for t in rounded] if torch.allclose(scaled, rounded, atol=1e-4) else [float(t) for t in taps]
    )


def discriminator(state: StateDict, budget: Budget) -> Foreign:
    """The discriminator in a state dict."""
    blocks = sorted({int(m[1]) for name in state if (m := re.match(r"convs\.(\d{1,2})\.conv1\.", name))})
    if not blocks or blocks != list(range(1, len(blocks) + 1)) or 4 << len(blocks) > LARGEST:
        raise BadWeights("its discriminator lacks blocks: the file is incomplete")
    resolution = 4 << len(blocks)
    names = {
        "convs.0.0.weight": f"b{resolution}.fromrgb.weight",
        "convs.0.1.bias": f"b{resolution}.fromrgb.bias",
    }
    inner = {"conv1.0.weight": "conv0.weight", "conv1.1.bias": "conv0.bias", "conv2.1.weight": "conv1.weight"}
    inner |= {"conv2.2.bias": "conv1.bias", "skip.1.weight": "skip.weight"}
    for block in blocks:
        place = f"b{resolution >> (block - 1)}"
        names |= {f"convs.{block}.{old}": f"{place}.{new}" for old, new in inner.items()}
    names |= {"final_conv.0.weight": "b4.conv.weight", "final_conv.1.bias": "b4.conv.bias"}
    for index, layer in enumerate(("fc", "out")):
        names |= {f"final_linear.{index}.{kind}": f"b4.{layer}.{kind}" for kind in ("weight", "bias")}
    _compare(set(names), {name for name in state if not name.endswith(".kernel")})
    tensors = {new: state[old].take(budget) for old, new in names.items()}
    check_finite(tensors, "D")
    arguments = _discriminator_arguments(tensors, resolution, _taps(state, budget))
    check_discriminator(arguments, tensors, "D")
    return Foreign(
        "stylegan2_discriminator", arguments, tensors, {"format": "rosinality checkpoint", "part": "D"}
    )


def _compare(expected: set[str], given: set[str]) -> None:
    if missing := sorted(expected - given):
        raise BadWeights(f"its discriminator lacks the tensor '{missing[0]}'")
    if strange := sorted(given - expected):
        raise BadWeights(
            f"its discriminator has the tensor '{printable(strange[0])}', which is not known here"
        )


def _discriminator_arguments(tensors: dict[str, Tensor], resolution: int, taps: list[float]) -> dict:
    sizes = [4 << index for index in range((resolution // 4).bit_length())]
    channels = {str(size): tensors[f"b{size}.conv0.weight"].shape[0] for size in sizes[1:]}
    channels = {"4": tensors["b4.conv.weight"].shape[0], **channels}
    colours = tensors[f"b{resolution}.fromrgb.weight"].shape[1]
    return ({} if colours == 3 else {"colours": colours}) | {
        "condition_width": 0,
        "resolution": resolution,
        "channels": channels,
        "architecture": "resnet",
        "activation": "lrelu",
        "clamp": None,
        "group_size": 4,
        "group_channels": max(0, tensors["b4.conv.weight"].shape[1] - channels["4"]),
        "cmap_width": 0,
        "mapping_layers": 8,
        "half_resolutions": 0,
        "taps": taps,
    }
