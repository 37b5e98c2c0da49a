"""StyleGAN2 and StyleGAN2-ADA in TensorFlow: arguments and variables under the names of the PyTorch code."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from latentlab.store.bridge.forks import constant_of, pass_over
from latentlab.store.bridge.recorded import ACTIVATIONS, Recorded, channel_table
from latentlab.store.bridge.shapes import check_discriminator, check_stylegan2
from latentlab.store.bridge.tensorflow import Variables, convolution, dense, first_map, turned

ARCHITECTURES = ("orig", "skip", "resnet")
TAPS = (1, 3, 3, 1)
ADA = 5
Network = tuple[str, dict, dict[str, Tensor]]


def generator(recorded: Recorded, variables: Variables, version: int) -> Network:
    """G or Gs with its mapping and synthesis components."""
    ada = version >= ADA or "mapping/LabelEmbed/weight" in variables
    w_width = recorded.whole("dlatent_size", 512, 1)
    z_width = recorded.whole("latent_size", 512, 1)
    classes = recorded.whole("label_size", 0)
    label_width = recorded.whole_or_none("label_fmaps", None, 1)
    hidden = recorded.whole_or_none("mapping_fmaps", None if ada else 512, 1)
    arguments = _shared(recorded, "skip") | {
        "z_width": z_width,
        "w_width": w_width,
        "condition_width": classes,
        "mapping_layers": recorded.whole("mapping_layers", 8, 1, 64),
        "mapping_width": w_width if hidden is None else hidden,
        "embed_width": (z_width if label_width is None or not ada else label_width) if classes else 0,
        "mapping_activation": recorded.choice("mapping_nonlinearity", "lrelu", ACTIVATIONS),
        "mapping_lr": recorded.real("mapping_lrmul", 0.01),
        "noise": recorded.flag("use_noise", default=True),
    }
    if classes and not ada:
        arguments["condition_joined"] = True
    recorded.only("normalize_latents", True)
    recorded.only("fmap_const", None)
    recorded.ignore(
        "truncation_psi", "truncation_cutoff", "truncation_psi_val", "truncation_cutoff_val", "w_avg_beta",
        "dlatent_avg_beta", "style_mixing_prob", "randomize_noise", "structure", "fused_modconv", "impl",
        "dlatent_broadcast", "mapping_func", "synthesis_func",
    )  # fmt: skip
    pass_over(recorded)
    recorded.close()
    tensors = _mapping(variables, arguments, joined=bool(classes) and not ada) | _synthesis(
        variables, arguments
    )
    variables.close(("lod", "synthesis/lod"))
    check_stylegan2(arguments, tensors, "G")
    return "stylegan2", arguments, tensors


def discriminator(recorded: Recorded, variables: Variables, version: int) -> Network:
    """D; ADA embeds labels and projects on them, StyleGAN2 has one logit for each class."""
    ada = version >= ADA or "LabelEmbed/weight" in variables
    classes = recorded.whole("label_size", 0)
    arguments = _shared(recorded, "resnet") | {"condition_width": classes}
    width = recorded.whole_or_none("mapping_fmaps", None, 1)
    first = min(arguments.pop("base"), arguments.pop("most"))
    layers = recorded.whole("mapping_layers", 0, 0, 64)
    rate = recorded.real("mapping_lrmul", 0.1)
    size = recorded.whole_or_none("mbstd_group_size", None if ada else 4, 0)
    arguments["group_size"] = size or None
    arguments["group_channels"] = recorded.whole("mbstd_num_features", 1, 0)
    if not ada and size is not None and size <= 1:
        arguments["group_size"], arguments["group_channels"] = 4, 0
    if ada:
        cmap = (first if width is None else width) if classes else 0
        arguments |= {
            "cmap_width": cmap,
            "mapping_layers": layers,
            "mapping_width": cmap,
            "embed_width": cmap,
        }
        arguments |= {"mapping_activation": arguments["activation"], "mapping_lr": rate}
    elif classes:
        arguments["class_logits"] = True
    for name in ("use_pagan", "use_spectral_norm"):
        recorded.only(name, False)
    recorded.only("adaptive_dropout", 0, 0.0)
    recorded.only("score_max", 1)
    recorded.ignore(
        "freeze_layers", "structure", "augment_strength", "score_size", "pagan_num", "pagan_fade", "impl"
    )
    pass_over(recorded)
    recorded.close()
    tensors = _discriminator_tensors(variables, arguments)
    variables.close(("lod",))
    check_discriminator(arguments, tensors, "D")
    return "stylegan2_discriminator", arguments, tensors


def _shared(recorded: Recorded, architecture: str) -> dict:
    resolution = recorded.power_of_two("resolution", 1024)
    found = constant_of(recorded)
    constant = {} if found == (4, 4) else {"constant": list(found)}
    base, most = recorded.whole("fmap_base", 16384, 1, 1 << 24), recorded.whole("fmap_max", 512, 1, 1 << 14)
    recorded.only("fmap_decay", 1.0, 1)
    recorded.only("fmap_min", 1)
    recorded.only("dtype", "float32")
    shared = (
        recorded.colours("num_channels")
        | constant
        | {
            "resolution": resolution,
            "channels": channel_table(resolution, 2 * base, most),
            "architecture": recorded.choice("architecture", architecture, ARCHITECTURES),
            "activation": recorded.choice("nonlinearity", "lrelu", ACTIVATIONS),
            "clamp": recorded.real_or_none("conv_clamp", None),
            "half_resolutions": recorded.whole("num_fp16_res", 0, 0, 64),
            "taps": [1, 1]
            if recorded.get("resample_kernel", TAPS) is None
            else recorded.taps("resample_kernel", TAPS),
        }
    )
    return shared if architecture == "skip" else shared | {"base": base, "most": most}


def _mapping(variables: Variables, arguments: dict, *, joined: bool) -> dict[str, Tensor]:
    tensors = {"mapping.w_avg": variables.take("dlatent_avg")}
    if joined:
        tensors["mapping.embed.weight"] = variables.take("mapping/LabelConcat/weight")
    elif arguments["condition_width"]:
        tensors["mapping.embed.weight"] = variables.take("mapping/LabelEmbed/weight", dense)
        tensors["mapping.embed.bias"] = variables.take("mapping/LabelEmbed/bias")
    for index in range(arguments["mapping_layers"]):
        tensors[f"mapping.fc{index}.weight"] = variables.take(f"mapping/Dense{index}/weight", dense)
        tensors[f"mapping.fc{index}.bias"] = variables.take(f"mapping/Dense{index}/bias")
    return tensors


def _synthesis(variables: Variables, arguments: dict) -> dict[str, Tensor]:
    tensors = {"synthesis.b4.const": variables.take("synthesis/4x4/Const/const", lambda value: value[0])}
    sizes = [int(size) for size in arguments["channels"]]
    number = 0
    for size in sizes:
        here, there = f"synthesis/{size}x{size}", f"synthesis.b{size}"
        layers = [("Conv", "conv1")] if size == 4 else [("Conv0_up", "conv0"), ("Conv1", "conv1")]
        for old, new in layers:
            tensors |= _layer(variables, f"{here}/{old}", f"{there}.{new}", flip=old == "Conv0_up")
            if arguments["noise"]:
                tensors[f"{there}.{new}.noise_const"] = variables.take(f"synthesis/noise{number}", first_map)
                tensors[f"{there}.{new}.noise_strength"] = variables.take(f"{here}/{old}/noise_strength")
            number += 1
        if arguments["architecture"] == "skip" or size == sizes[-1]:
            tensors |= _layer(variables, f"{here}/ToRGB", f"{there}.torgb", flip=False)
        if arguments["architecture"] == "resnet" and size > 4:
            tensors[f"{there}.skip.weight"] = variables.take(f"{here}/Skip/weight", turned)
    return tensors


def _layer(variables: Variables, old: str, new: str, *, flip: bool) -> dict[str, Tensor]:
    return {
        f"{new}.weight": variables.take(f"{old}/weight", turned if flip else convolution),
        f"{new}.bias": variables.take(f"{old}/bias"),
        f"{new}.affine.weight": variables.take(f"{old}/mod_weight", dense),
        f"{new}.affine.bias": variables.take(f"{old}/mod_bias", lambda value: value + 1),
    }


def _discriminator_tensors(variables: Variables, arguments: dict) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}

    def both(new: str, old: str, change: Callable[[Tensor], Tensor]) -> None:
        tensors[f"{new}.weight"] = variables.take(f"{old}/weight", change)
        tensors[f"{new}.bias"] = variables.take(f"{old}/bias")

    sizes = sorted((int(size) for size in arguments["channels"]), reverse=True)
    for size in sizes:
        if size == sizes[0] or arguments["architecture"] == "skip":
            both(f"b{size}.fromrgb", f"{size}x{size}/FromRGB", convolution)
        if size > 4:
            both(f"b{size}.conv0", f"{size}x{size}/Conv0", convolution)
            both(f"b{size}.conv1", f"{size}x{size}/Conv1_down", convolution)
            if arguments["architecture"] == "resnet":
                tensors[f"b{size}.skip.weight"] = variables.take(f"{size}x{size}/Skip/weight", convolution)
    both("b4.conv", "4x4/Conv", convolution)
    both("b4.fc", "4x4/Dense0", dense)
    both("b4.out", "Output", dense)
    if arguments.get("cmap_width"):
        both("mapping.embed", "LabelEmbed", dense)
        for index in range(arguments["mapping_layers"]):
            both(f"mapping.fc{index}", f"Mapping{index}", dense)
    return tensors
