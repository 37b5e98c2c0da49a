"""StyleGAN1 in TensorFlow: arguments and variables, axis orders changed, nothing flipped."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from latentlab.core.errors import BadFile
from latentlab.store.bridge.forks import constant_of, pass_over
from latentlab.store.bridge.recorded import Recorded, channel_table
from latentlab.store.bridge.shapes import check_discriminator, check_stylegan1
from latentlab.store.bridge.tensorflow import Variables, convolution, dense, first_map

BLUR = (1, 2, 1)
AUTOMATIC = 128
"""`fused_scale = auto`: the fused path from this output resolution on."""
Network = tuple[str, dict, dict[str, Tensor]]


def generator(recorded: Recorded, variables: Variables, version: int) -> Network:
    """G or Gs with its mapping and synthesis components."""
    w_width = recorded.whole("dlatent_size", 512, 1)
    arguments = _shared(recorded) | {
        "z_width": recorded.whole("latent_size", 512, 1),
        "w_width": w_width,
        "condition_width": recorded.whole("label_size", 0),
        "mapping_layers": recorded.whole("mapping_layers", 8, 1, 64),
        "mapping_width": recorded.whole("mapping_fmaps", 512, 1),
        "mapping_activation": recorded.choice("mapping_nonlinearity", "lrelu", ("relu", "lrelu")),
        "mapping_lr": recorded.real("mapping_lrmul", 0.01),
        "truncation_psi": recorded.real_or_none("truncation_psi", 0.7),
        "truncation_cutoff": recorded.whole_or_none("truncation_cutoff", 8),
    }
    for name in ("use_styles", "const_input_layer", "use_noise", "use_instance_norm", "normalize_latents"):
        recorded.only(name, True)
    recorded.only("use_pixel_norm", False)
    recorded.ignore(
        "truncation_psi_val", "truncation_cutoff_val", "dlatent_avg_beta", "style_mixing_prob", "randomize_noise",
        "dlatent_broadcast",
    )  # fmt: skip
    pass_over(recorded)
    recorded.close()
    arguments["lod"] = _lod(variables)
    tensors = _mapping(variables, arguments) | _synthesis(variables, arguments)
    variables.close(("lod", "synthesis/lod"))
    check_stylegan1(arguments, tensors, "G")
    return "stylegan1", arguments, tensors


def discriminator(recorded: Recorded, variables: Variables, version: int) -> Network:
    """D; with labels it has one logit for each class."""
    arguments = _shared(recorded) | {
        "condition_width": recorded.whole("label_size", 0),
        "lod": _lod(variables),
    }
    size = recorded.whole("mbstd_group_size", 4, 0)
    channels = recorded.whole("mbstd_num_features", 1, 0)
    arguments |= {"group_size": max(size, 1), "group_channels": channels if size > 1 else 0}
    pass_over(recorded)
    recorded.close()
    tensors = _discriminator_tensors(variables, arguments)
    variables.close(("lod",))
    arguments["final_width"] = tensors["b4.fc.weight"].shape[0]
    check_discriminator(arguments, tensors, "D")
    return "stylegan1_discriminator", arguments, tensors


def _shared(recorded: Recorded) -> dict:
    resolution = recorded.power_of_two("resolution", 1024)
    found = constant_of(recorded)
    constant = {} if found == (4, 4) else {"constant": list(found)}
    base, most = recorded.whole("fmap_base", 8192, 1, 1 << 24), recorded.whole("fmap_max", 512, 1, 1 << 14)
    recorded.only("fmap_decay", 1.0, 1)
    recorded.only("dtype", "float32")
    recorded.only("use_wscale", True)
    recorded.ignore("structure")
    fused = recorded.get("fused_scale", "auto")
    if not (isinstance(fused, bool) or fused == "auto"):
        raise recorded.wrong("fused_scale", fused, "True, False or auto")
    return (
        recorded.colours("num_channels")
        | constant
        | {
            "resolution": resolution,
            "channels": channel_table(resolution, 2 * base, most),
            "activation": recorded.choice("nonlinearity", "lrelu", ("relu", "lrelu")),
            "fused_from": AUTOMATIC if fused == "auto" else 8 if fused else None,
            "taps": recorded.taps("blur_filter", BLUR),
        }
    )


def _lod(variables: Variables) -> float:
    if "lod" not in variables:
        return 0.0
    value = variables.take("lod")
    if value.numel() != 1 or not 0 <= float(value) <= 16:
        raise BadFile("its level of detail 'lod' is no number from 0 to 16")
    return float(value)


def _mapping(variables: Variables, arguments: dict) -> dict[str, Tensor]:
    tensors = {"mapping.w_avg": variables.take("dlatent_avg")}
    if arguments["condition_width"]:
        tensors["mapping.embed.weight"] = variables.take("mapping/LabelConcat/weight")
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
        names = ("Const", "Conv") if size == 4 else ("Conv0_up", "Conv1")
        for old, new in zip(names, ("conv0", "conv1"), strict=True):
            if old != "Const":
                tensors[f"{there}.{new}.weight"] = variables.take(f"{here}/{old}/weight", convolution)
            tensors[f"{there}.{new}.bias"] = variables.take(f"{here}/{old}/bias")
            tensors[f"{there}.{new}.noise_weight"] = variables.take(f"{here}/{old}/Noise/weight")
            tensors[f"{there}.{new}.noise_const"] = variables.take(f"synthesis/noise{number}", first_map)
            tensors[f"{there}.{new}.style.weight"] = variables.take(f"{here}/{old}/StyleMod/weight", dense)
            tensors[f"{there}.{new}.style.bias"] = variables.take(f"{here}/{old}/StyleMod/bias")
            number += 1
        rgb = f"synthesis/ToRGB_lod{(sizes[-1] // size).bit_length() - 1}"
        tensors[f"{there}.torgb.weight"] = variables.take(f"{rgb}/weight", convolution)
        tensors[f"{there}.torgb.bias"] = variables.take(f"{rgb}/bias")
    return tensors


def _discriminator_tensors(variables: Variables, arguments: dict) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}

    def both(new: str, old: str, change: Callable[[Tensor], Tensor]) -> None:
        tensors[f"{new}.weight"] = variables.take(f"{old}/weight", change)
        tensors[f"{new}.bias"] = variables.take(f"{old}/bias")

    sizes = [int(size) for size in arguments["channels"]]
    for size in sizes:
        both(f"b{size}.fromrgb", f"FromRGB_lod{(sizes[-1] // size).bit_length() - 1}", convolution)
        if size > 4:
            both(f"b{size}.conv0", f"{size}x{size}/Conv0", convolution)
            both(f"b{size}.conv1", f"{size}x{size}/Conv1_down", convolution)
    both("b4.conv", "4x4/Conv", convolution)
    both("b4.fc", "4x4/Dense0", dense)
    both("b4.out", "4x4/Dense1", dense)
    return tensors
