"""State dicts of NVIDIA's generators (`torch.save(G_ema.state_dict())`): sizes are read from the weights, nothing was recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.store.bridge.checkpoint import StateDict
from latentlab.store.bridge.foreign import Foreign, check_finite
from latentlab.store.bridge.limits import Budget, printable
from latentlab.store.bridge.shapes import check_discriminator, check_stylegan2, check_stylegan3

STARTS = ("synthesis.b4.const", "synthesis.input.weight", "b4.conv.weight")
"""A tensor that every StyleGAN2, StyleGAN3, discriminator has."""
Values = Mapping[str, object]


def strip(state: StateDict) -> StateDict | None:
    """The state dict without a prefix such as `G_ema.`; None where it is of no such network.

    Where several networks stand in one flat dict, the averaged generator is taken.
    """
    for start in STARTS:
        found = [name.removesuffix(start) for name in state if name == start or name.endswith("." + start)]
        if found:
            prefix = next((p for p in found if re.search(r"(^|\.)(G_ema|g_ema|ema)\.$", p)), found[0])
            return {
                name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
            }
    return None


def read_parts(states: Mapping[str, StateDict], budget: Budget, given: Values) -> dict[str, Foreign]:
    """The networks of these state dicts by part."""
    return {part: _network(state, part, budget, given) for part, state in states.items()}


def _network(state: StateDict, part: str, budget: Budget, given: Values) -> Foreign:
    tensors = {name: value.take(budget) for name, value in state.items()}
    check_finite(tensors, part)
    if "synthesis.input.weight" in tensors:
        from latentlab.store.bridge.state_dict_stylegan3 import stylegan3

        kind, arguments, notes = stylegan3(tensors, given)
        check_stylegan3(arguments, tensors, part)
    elif "synthesis.b4.const" in tensors:
        kind, arguments, notes = stylegan2(tensors, given)
        check_stylegan2(arguments, tensors, part)
    else:
        kind, arguments, notes = discriminator(tensors, given)
        check_discriminator(arguments, tensors, part)
    for name in given:
        if name not in arguments:
            raise BadFile(
                f"a {kind} has no argument '{printable(name)}'; it has {', '.join(sorted(arguments))}"
            )
    arguments |= given
    return Foreign(kind, arguments, tensors, {"format": "state dict", "part": part}, notes)


def need(tensors: Mapping[str, Tensor], name: str, axes: int) -> tuple[int, ...]:
    """The shape of a tensor that has to be there."""
    if name not in tensors or tensors[name].ndim != axes:
        raise BadWeights(
            f"the tensor '{printable(name)}' is missing or has not {axes} axes: the state dict is incomplete"
        )
    return tuple(tensors[name].shape)


def mapping_of(tensors: Mapping[str, Tensor]) -> dict[str, object]:
    """Widths and depth of the mapping network."""
    depth = sum(bool(re.fullmatch(r"mapping\.fc\d{1,2}\.weight", name)) for name in tensors)
    if not depth:
        raise BadWeights("the tensor 'mapping.fc0.weight' is missing: the state dict has no mapping network")
    first, last = need(tensors, "mapping.fc0.weight", 2), need(tensors, f"mapping.fc{depth - 1}.weight", 2)
    embedded, classes = (
        need(tensors, "mapping.embed.weight", 2) if "mapping.embed.weight" in tensors else (0, 0)
    )
    return {
        "z_width": first[1] - embedded,
        "condition_width": classes,
        "w_width": last[0],
        "mapping_layers": depth,
        "mapping_width": first[0],
        "embed_width": embedded,
        "mapping_activation": "lrelu",
        "mapping_lr": 0.01,
    }


def stylegan2(tensors: Mapping[str, Tensor], given: Values) -> tuple[str, dict[str, object], tuple[str, ...]]:
    """StyleGAN2's generator; activation, rate of the mapping and clamp leave no trace in the weights."""
    _, height, width = need(tensors, "synthesis.b4.const", 3)
    sizes = sorted(
        {int(m[1]) for n in tensors if (m := re.match(r"synthesis\.b(\d{1,4})\.conv1\.weight$", n))}
    )
    if sizes != [4 << index for index in range(len(sizes))]:
        raise BadWeights("its synthesis lacks blocks: the state dict is incomplete")
    colours = need(tensors, f"synthesis.b{sizes[-1]}.torgb.weight", 4)[0]
    skip = any(name.endswith(".skip.weight") for name in tensors)
    between = "synthesis.b4.torgb.weight" in tensors and len(sizes) > 1
    arguments = mapping_of(tensors) | {
        "resolution": sizes[-1],
        "channels": {str(size): need(tensors, f"synthesis.b{size}.conv1.weight", 4)[0] for size in sizes},
        "architecture": "resnet" if skip else "skip" if between or len(sizes) == 1 else "orig",
        "activation": "lrelu",
        "clamp": None,
        "half_resolutions": 0,
        "taps": _taps(tensors, "synthesis."),
        "noise": "synthesis.b4.conv1.noise_strength" in tensors,
        "kernel": need(tensors, "synthesis.b4.conv1.weight", 4)[-1],
    }
    arguments |= {} if colours == 3 else {"colours": colours}
    arguments |= {} if (height, width) == (4, 4) else {"constant": [height, width]}
    return "stylegan2", arguments, _assumed(arguments, given, "activation", "mapping_lr", "clamp")


def discriminator(
    tensors: Mapping[str, Tensor], given: Values
) -> tuple[str, dict[str, object], tuple[str, ...]]:
    """The discriminator of both code bases; the size of the groups of its deviation leaves no trace."""
    sizes = sorted({int(m[1]) for n in tensors if (m := re.match(r"b(\d{1,4})\.conv0\.weight$", n))})
    if not sizes or sizes != [8 << index for index in range(len(sizes))]:
        raise BadWeights("its discriminator lacks blocks: the state dict is incomplete")
    first, before = need(tensors, "b4.conv.weight", 4)[:2]
    outputs, colours = (
        need(tensors, "b4.out.weight", 2)[0],
        need(tensors, f"b{sizes[-1]}.fromrgb.weight", 4)[1],
    )
    embed = "mapping.embed.weight" in tensors
    embedded, classes = need(tensors, "mapping.embed.weight", 2) if embed else (0, 0)
    if need(tensors, "b4.fc.weight", 2)[1] != 16 * first:
        raise BadFile("its discriminator is not square; only the generator of such a state dict is read")
    skip, residual = (
        f"b{sizes[-1] // 2}.fromrgb.weight" in tensors,
        any(n.endswith(".skip.weight") for n in tensors),
    )
    arguments: dict[str, object] = {
        "condition_width": classes,
        "resolution": sizes[-1],
        "channels": {"4": first, **{str(s): need(tensors, f"b{s}.conv0.weight", 4)[0] for s in sizes}},
        "architecture": "resnet" if residual else "skip" if skip else "orig",
        "activation": "lrelu",
        "clamp": None,
        "half_resolutions": 0,
        "taps": _taps(tensors, ""),
        "group_size": 4,
        "group_channels": before - first,
        "cmap_width": outputs if classes else 0,
        "mapping_layers": sum(bool(re.fullmatch(r"mapping\.fc\d{1,2}\.weight", name)) for name in tensors),
        "mapping_width": outputs,
        "embed_width": embedded,
        "mapping_activation": "lrelu",
        "mapping_lr": 0.01,
    }
    arguments |= {} if colours == 3 else {"colours": colours}
    return (
        "stylegan2_discriminator",
        arguments,
        _assumed(arguments, given, "activation", "group_size", "clamp"),
    )


def _taps(tensors: Mapping[str, Tensor], prefix: str) -> list[float]:
    """The separable filter behind the stored ones."""
    from latentlab.store.bridge.rosinality import taps_of

    name = next((n for n in tensors if n.startswith(prefix + "b") and n.endswith(".resample_filter")), None)
    return [1, 3, 3, 1] if name is None else taps_of(tensors[name], name)


def _assumed(arguments: Values, given: Values, *names: str) -> tuple[str, ...]:
    """The one sentence about what the weights do not tell."""
    guessed = [f"{name} = {_told(arguments[name])}" for name in names if name not in given]
    if not guessed:
        return ()
    return (
        f"a state dict does not tell {', '.join(guessed)}; the published values were taken "
        "(others are given with: latentlab convert FILE NEW.safetensors `given` NAME=VALUE)",
    )


def _told(value: object) -> str:
    return "none" if value is None else str(value)
