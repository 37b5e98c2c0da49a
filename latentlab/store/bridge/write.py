"""Networks into files: everything as our own safetensors, StyleGAN2 also as a rosinality checkpoint."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic
from latentlab.store.archive import Archive
from latentlab.store.bridge.foreign import Foreign

TAPS = [1, 3, 3, 1]
LAYER = {
    "weight": "conv.weight",
    "affine.weight": "conv.modulation.weight",
    "affine.bias": "conv.modulation.bias",
    "noise_strength": "noise.weight",
    "bias": "activate.bias",
}


def write(network: Foreign, path: Path | str, discriminator: Foreign | None = None) -> Path:
    """Write by the file's ending: `.safetensors` (any network) or `.pt` (StyleGAN2, rosinality's converted layout).

    Raises BadInput where the target cannot hold the network, saying why; nothing is written then.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        return write_own(network, path)
    if path.suffix in (".pt", ".pth"):
        return write_rosinality(network, path, discriminator)
    raise BadInput(
        f"cannot write {path}: networks are written as .safetensors or (StyleGAN2) .pt, not '{path.suffix}'"
    )


def write_own(network: Foreign, path: Path | str) -> Path:
    """Safetensors with kind and constructor arguments in the story."""
    story = {
        key: value
        for key, value in network.story.items()
        if key not in ("hash", "versions", "format_version")
    }
    return Archive(network.kind, network.tensors, {**story, "arguments": network.arguments}).save(path)


def write_rosinality(network: Foreign, path: Path | str, discriminator: Foreign | None = None) -> Path:
    """`g_ema` and `latent_avg` (and `d`) as convert_weight.py writes them; torch.load(weights_only=True) reads it."""
    reason = misfit(network) or (discriminator and discriminator_misfit(discriminator))
    if reason:
        raise BadInput(
            f"cannot write {path}: a rosinality checkpoint cannot hold this network ({reason}); write .safetensors"
        )
    content: dict[str, object] = {
        "g_ema": _generator(network),
        "latent_avg": network.tensors["mapping.w_avg"].clone(),
    }
    if discriminator is not None:
        content["d"] = _discriminator(discriminator)
    with atomic(path) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # torch reports a full disk this way
            raise BadFile(f"cannot write {path}: {str(error).splitlines()[0][:120]}") from None
    return Path(path)


def misfit(network: Foreign) -> str | None:
    """Why rosinality's code could not run this generator; None where it can.

    A clamp (256 in NVIDIA's recipes) is left behind: whoever converts compares the pictures.
    """
    if network.kind != "stylegan2":
        return f"it is a {network.kind}"
    arguments = network.arguments
    wanted: dict[str, object] = {
        "condition_width": 0,
        "architecture": "skip",
        "activation": "lrelu",
        "taps": TAPS,
        "noise": True,
        "kernel": 3,
        "colours": 3,
        "mapping_activation": "lrelu",
        "mapping_lr": 0.01,
    }
    for name, value in wanted.items():
        if arguments.get(name, value) not in (
            value,
            list(TAPS) if name == "taps" and arguments.get(name) is None else value,
        ):
            return f"its {name} is {arguments[name]}, the target has {value}"
    width = arguments["w_width"]
    for name in ("z_width", "mapping_width"):
        if arguments.get(name) not in (width, None if name == "mapping_width" else width):
            return (
                f"its {name} is {arguments[name]} and its w_width {width}, the target has one width for both"
            )
    if tuple(arguments.get("constant", (4, 4))) != (4, 4):  # type: ignore[arg-type]
        return "its pictures are not square, those of the target are"
    average = network.tensors.get("mapping.w_avg")
    if average is None or average.ndim != 1:
        return "its average w is missing or one for each layer, the target has one vector"
    return None


def discriminator_misfit(discriminator: Foreign) -> str | None:
    """Why rosinality's code could not run this discriminator; None where it can."""
    if discriminator.kind != "stylegan2_discriminator":
        return f"its discriminator is a {discriminator.kind}"
    wanted = {
        "condition_width": 0,
        "architecture": "resnet",
        "activation": "lrelu",
        "colours": 3,
        "group_channels": 1,
    }
    wanted |= {"taps": TAPS, "group_size": 4}
    for name, value in wanted.items():
        if discriminator.arguments.get(name, value) != value:
            return (
                f"the {name} of its discriminator is {discriminator.arguments[name]}, the target has {value}"
            )
    return None


def _kernel(gain: float) -> Tensor:
    taps = torch.tensor(TAPS, dtype=torch.float32)
    return torch.outer(taps, taps) / taps.sum() ** 2 * gain


def _generator(network: Foreign) -> OrderedDict[str, Tensor]:
    tensors, state = network.tensors, OrderedDict()
    for index in range(int(network.arguments["mapping_layers"])):  # type: ignore[call-overload]
        for kind in ("weight", "bias"):
            state[f"style.{index + 1}.{kind}"] = tensors[f"mapping.fc{index}.{kind}"].clone()
    state["input.input"] = tensors["synthesis.b4.const"][None].clone()
    sizes = sorted(int(size) for size in network.arguments["channels"])  # type: ignore[attr-defined]
    noises = OrderedDict()
    for place, size in enumerate(sizes):
        for layer in ("conv0", "conv1") if place else ("conv1",):
            number = 2 * place - (2 if layer == "conv0" else 1)
            name = f"convs.{number}" if place else "conv1"
            state |= _layer(tensors, f"synthesis.b{size}.{layer}", name)
            if layer == "conv0":
                state[f"{name}.conv.blur.kernel"] = _kernel(4)
            noises[f"noises.noise_{number + 1 if place else 0}"] = tensors[
                f"synthesis.b{size}.{layer}.noise_const"
            ][None, None]
        name = f"to_rgbs.{place - 1}" if place else "to_rgb1"
        state |= _rgb(tensors, f"synthesis.b{size}.torgb", name)
        if place:
            state[f"{name}.upsample.kernel"] = _kernel(4)
    return OrderedDict((name, value.contiguous().clone()) for name, value in {**state, **noises}.items())


def _layer(tensors: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    found = {f"{new}.{target}": tensors[f"{old}.{source}"] for source, target in LAYER.items()}
    found[f"{new}.conv.weight"] = found[f"{new}.conv.weight"][None]
    found[f"{new}.noise.weight"] = found[f"{new}.noise.weight"].reshape(1)
    return found


def _rgb(tensors: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    return {
        f"{new}.bias": tensors[f"{old}.bias"].reshape(1, -1, 1, 1),
        f"{new}.conv.weight": tensors[f"{old}.weight"][None],
        f"{new}.conv.modulation.weight": tensors[f"{old}.affine.weight"],
        f"{new}.conv.modulation.bias": tensors[f"{old}.affine.bias"],
    }


def _discriminator(discriminator: Foreign) -> OrderedDict[str, Tensor]:
    tensors, state = discriminator.tensors, OrderedDict()
    sizes = sorted((int(size) for size in discriminator.arguments["channels"]), reverse=True)  # type: ignore[attr-defined]
    state["convs.0.0.weight"] = tensors[f"b{sizes[0]}.fromrgb.weight"]
    state["convs.0.1.bias"] = tensors[f"b{sizes[0]}.fromrgb.bias"]
    for index, size in enumerate(sizes[:-1], start=1):
        here, there = f"b{size}", f"convs.{index}"
        state[f"{there}.conv1.0.weight"] = tensors[f"{here}.conv0.weight"]
        state[f"{there}.conv1.1.bias"] = tensors[f"{here}.conv0.bias"]
        state[f"{there}.conv2.0.kernel"] = _kernel(1)
        state[f"{there}.conv2.1.weight"] = tensors[f"{here}.conv1.weight"]
        state[f"{there}.conv2.2.bias"] = tensors[f"{here}.conv1.bias"]
        state[f"{there}.skip.0.kernel"] = _kernel(1)
        state[f"{there}.skip.1.weight"] = tensors[f"{here}.skip.weight"]
    state["final_conv.0.weight"], state["final_conv.1.bias"] = (
        tensors["b4.conv.weight"],
        tensors["b4.conv.bias"],
    )
    for index, layer in enumerate(("fc", "out")):
        for kind in ("weight", "bias"):
            state[f"final_linear.{index}.{kind}"] = tensors[f"b4.{layer}.{kind}"]
    return OrderedDict((name, value.contiguous().clone()) for name, value in state.items())
