"""Constructor arguments of NVlabs' PyTorch networks, in our names, with the defaults of the code that wrote the file."""

from __future__ import annotations

from latentlab.store.bridge.forks import check_square, constant_of, pass_over
from latentlab.store.bridge.recorded import ACTIVATIONS, Recorded, channel_table
from latentlab.store.bridge.records import Module

ARCHITECTURES = ("orig", "skip", "resnet")
TAPS = (1, 3, 3, 1)


def stylegan2(recorded: Recorded, module: Module) -> dict[str, object]:
    """StyleGAN2's generator: nested synthesis arguments (stylegan2-ada-pytorch) or flat ones (stylegan3)."""
    nested = "synthesis_kwargs" in recorded.values
    inner = recorded.inner("synthesis_kwargs") if nested else recorded
    arguments = _shared(recorded)
    mapping = recorded.inner("mapping_kwargs")
    arguments |= _mapping(mapping, arguments["w_width"], arguments["condition_width"])
    arguments |= _blocks(inner, module, arguments["resolution"], "skip")
    arguments["noise"] = inner.flag("use_noise", default=True)
    arguments["kernel"] = inner.whole("kernel_size", 3, 1, 15)
    inner.ignore("fused_modconv_default")
    arguments |= {"constant": list(constant)} if (constant := constant_of(recorded, inner)) != (4, 4) else {}
    pass_over(mapping, inner, recorded)
    for part in (mapping, inner, recorded):
        part.close()
    return arguments


def stylegan3(recorded: Recorded) -> dict[str, object]:
    """StyleGAN3's generator; the synthesis arguments keep their published names."""
    arguments = _shared(recorded)
    mapping = recorded.inner("mapping_kwargs")
    width = arguments["w_width"]
    arguments |= {
        "mapping_layers": mapping.whole("num_layers", 2, 1, 64),
        "mapping_width": width,
        "embed_width": width if arguments["condition_width"] else 0,
        "mapping_activation": "lrelu",
        "mapping_lr": mapping.real("lr_multiplier", 0.01),
    }
    mapping.ignore("w_avg_beta")
    inner = recorded.inner("synthesis_kwargs") if "synthesis_kwargs" in recorded.values else recorded
    arguments |= {
        "channel_base": inner.whole("channel_base", 32768, 1, 1 << 24),
        "channel_max": inner.whole("channel_max", 512, 1, 1 << 14),
        "num_layers": inner.whole("num_layers", 14, 1, 128),
        "num_critical": inner.whole("num_critical", 2, 0, 128),
        "first_cutoff": inner.real("first_cutoff", 2.0),
        "first_stopband": inner.real("first_stopband", 2**2.1),
        "last_stopband_rel": inner.real("last_stopband_rel", 2**0.3),
        "margin_size": inner.whole("margin_size", 10, 0, 128),
        "output_scale": inner.real("output_scale", 0.25),
        "conv_kernel": inner.whole("conv_kernel", 3, 1, 15),
        "filter_size": inner.whole("filter_size", 6, 1, 64),
        "lrelu_upsampling": inner.whole("lrelu_upsampling", 2, 1, 8),
        "use_radial_filters": inner.flag("use_radial_filters", default=False),
        "conv_clamp": inner.real_or_none("conv_clamp", 256.0),
        "magnitude_ema_beta": inner.real("magnitude_ema_beta", 0.999),
        "num_fp16_res": inner.whole("num_fp16_res", 4, 0, 64),
    }
    check_square(constant_of(recorded, inner), arguments["resolution"])
    pass_over(mapping, inner, recorded)
    for part in (mapping, inner, recorded):
        part.close()
    return arguments


def discriminator(recorded: Recorded, module: Module) -> dict[str, object]:
    """The discriminator of both code bases."""
    condition = recorded.whole("c_dim", 0)
    resolution = recorded.power_of_two("img_resolution")
    block, mapping = recorded.inner("block_kwargs"), recorded.inner("mapping_kwargs")
    epilogue = recorded.inner("epilogue_kwargs")
    arguments: dict[str, object] = {"condition_width": condition, "resolution": resolution}
    arguments |= recorded.colours("img_channels")
    arguments |= _blocks(recorded, module, resolution, "resnet", block)
    first = arguments["channels"]["4"]  # type: ignore[index]
    width = recorded.whole_or_none("cmap_dim", None, 0)
    cmap_width = (first if width is None else width) if condition else 0
    arguments |= _mapping(mapping, cmap_width, condition) | {"cmap_width": cmap_width}
    arguments["group_size"] = epilogue.whole_or_none("mbstd_group_size", 4, 1)
    arguments["group_channels"] = epilogue.whole("mbstd_num_channels", 1, 0)
    epilogue.only("activation", arguments["activation"])
    block.ignore("freeze_layers", "fp16_channels_last")
    parts = (block, mapping, epilogue, recorded)
    arguments |= {"constant": list(constant)} if (constant := constant_of(*parts)) != (4, 4) else {}
    pass_over(*parts)
    for part in parts:
        part.close()
    return arguments


def _shared(recorded: Recorded) -> dict:
    return recorded.colours("img_channels") | {
        "z_width": recorded.whole("z_dim", None, 1),
        "condition_width": recorded.whole("c_dim", None),
        "w_width": recorded.whole("w_dim", None, 1),
        "resolution": recorded.power_of_two("img_resolution"),
    }


def _mapping(mapping: Recorded, width: int, condition: int) -> dict[str, object]:
    embed = mapping.whole_or_none("embed_features", None, 1)
    inner = mapping.whole_or_none("layer_features", None, 1)
    mapping.ignore("w_avg_beta")
    return {
        "mapping_layers": mapping.whole("num_layers", 8, 0, 64),
        "mapping_width": width if inner is None else inner,
        "embed_width": (width if embed is None else embed) if condition else 0,
        "mapping_activation": mapping.choice("activation", "lrelu", ACTIVATIONS),
        "mapping_lr": mapping.real("lr_multiplier", 0.01),
    }


def _blocks(
    recorded: Recorded, module: Module, resolution: int, architecture: str, layers: Recorded | None = None
) -> dict:
    """What generator and discriminator share; absent ones take the default that the modules themselves show."""
    layers = layers or recorded
    base = recorded.whole("channel_base", 32768, 1, 1 << 24)
    most = recorded.whole("channel_max", 512, 1, 1 << 14)
    recorded.ignore("fp16_channels_last")
    return {
        "channels": channel_table(resolution, base, most),
        "architecture": recorded.choice("architecture", architecture, ARCHITECTURES),
        "activation": layers.choice("activation", "lrelu", ACTIVATIONS),
        "clamp": recorded.real_or_none("conv_clamp", _shown_clamp(module)),
        "half_resolutions": recorded.whole("num_fp16_res", _shown_half(module), 0, 64),
        "taps": layers.taps("resample_filter", TAPS),
    }


def _children(module: Module) -> list[Module]:
    """Modules two levels down (blocks of a synthesis, layers of a block), as many as there are."""
    found = [module]
    for _ in range(3):
        inner = [node.state.get("_modules") for node in found[-500:] if isinstance(node.state, dict)]
        fresh = [
            child
            for group in inner
            if isinstance(group, dict)
            for child in group.values()
            if isinstance(child, Module)
        ]
        found += fresh[:500]
    return found


def _shown_clamp(module: Module) -> float | None:
    for node in _children(module):
        clamp = node.state.get("conv_clamp")
        if isinstance(clamp, int | float) and not isinstance(clamp, bool):
            return float(clamp)
    return None


def _shown_half(module: Module) -> int:
    names = set()
    for node in _children(module):
        if "Block" in node.class_name and node.state.get("use_fp16") is True:
            names.add(
                node.state.get("resolution") if isinstance(node.state.get("resolution"), int) else id(node)
            )
    return len(names)
