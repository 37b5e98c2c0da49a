"""StyleGAN3 from its state dict alone: the layers' names give sizes and channels, and the stored filters the cutoffs behind them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from latentlab.core.errors import BadFile, BadWeights
from latentlab.core.lowpass import lowpass
from latentlab.store.bridge.state_dicts import Values, mapping_of, need

UNTOLD = {"output_scale": 0.25, "conv_clamp": 256.0, "magnitude_ema_beta": 0.999, "num_fp16_res": 4}
"""What leaves no trace at all, with the published values."""
USUAL: dict[str, tuple[float, ...]] = {
    "num_critical": (2, 0, 1, 3, 4),
    "first_cutoff": (2.0,),
    "first_stopband": (2**2.1, 2**2.0, 2**1.5),
    "last_stopband_rel": (2**0.3, 2**0.1, 2**0.5),
}
"""What is tried, the published values first; other ones have to be given."""


def stylegan3(tensors: Mapping[str, Tensor], given: Values) -> tuple[str, dict[str, object], tuple[str, ...]]:
    """Kind, arguments, notes; refused where no usual arguments make layers of these names."""
    layers = _layers(tensors)
    fixed = mapping_of(tensors) | _shown(tensors, layers) | UNTOLD | {"filter_size": _filter_size(tensors)}
    for attempt in _attempts(layers, given):
        arguments = fixed | attempt
        arguments |= {name: value for name, value in given.items() if name in arguments}
        if _fits(_signals(arguments), layers, tensors):
            untold = [f"{name} = {UNTOLD[name]:g}" for name in UNTOLD if name not in given][:2]
            told = f"a state dict does not tell {', '.join(untold)}; the published values were taken "
            hint = "(others are given with: latentlab convert FILE NEW.safetensors `given` NAME=VALUE)"
            return "stylegan3", arguments, (told + hint,) if untold else ()
    raise BadFile(
        "the sizes of its StyleGAN3 layers fit no usual num_critical, first_cutoff, first_stopband, "
        "last_stopband_rel and margin_size; tell them: "
        "latentlab convert FILE NEW.safetensors `given` first_cutoff=… first_stopband=…"
    )


def _layers(tensors: Mapping[str, Tensor]) -> list[tuple[int, int]]:
    """(size, channels) of each layer."""
    found = {}
    for name in tensors:
        if match := re.fullmatch(r"synthesis\.L(\d{1,3})_(\d{1,5})_(\d{1,5})\.weight", name):
            found[int(match[1])] = (int(match[2]), int(match[3]))
    if len(found) < 2 or sorted(found) != list(range(len(found))):
        raise BadWeights("its synthesis lacks layers: the state dict is incomplete")
    return [found[index] for index in range(len(found))]


def _shown(tensors: Mapping[str, Tensor], layers: list[tuple[int, int]]) -> dict[str, object]:
    """What the tensors show by themselves."""
    size, channels = layers[0]
    filters = [value for name, value in tensors.items() if name.endswith(".down_filter")]
    colours = layers[-1][1]
    shown: dict[str, object] = {
        "resolution": layers[-1][0],
        "num_layers": len(layers) - 1,
        "conv_kernel": need(tensors, f"synthesis.L0_{size}_{channels}.weight", 4)[-1],
        "use_radial_filters": any(value.ndim == 2 for value in filters),
    }
    return shown if colours == 3 else shown | {"colours": colours}


def _filter_size(tensors: Mapping[str, Tensor]) -> int:
    """Taps of a filter that doubles are twice the filter size."""
    lengths = {
        len(value) for name, value in tensors.items() if name.endswith(".up_filter") and value.ndim == 1
    }
    shortest = min(lengths, default=12)
    return max(1, shortest // 2)


def _attempts(layers: list[tuple[int, int]], given: Values) -> Iterator[dict[str, object]]:
    most = max(channels for _, channels in layers[:-1])
    choices = [(given[name],) if name in given else values for name, values in USUAL.items()]
    for values in product(*choices):
        attempt = dict(zip(USUAL, values, strict=True))
        for margin in _margins(layers[0][0]):
            for base in _bases(layers, attempt, most):
                yield {
                    **attempt,
                    "margin_size": margin,
                    "channel_base": base,
                    "channel_max": most,
                    "lrelu_upsampling": 2,
                }


def _margins(first: int) -> list[int]:
    """Margins that leave a power of two of the first layer's size, the published 10 first."""
    rates = [1 << exponent for exponent in range(2, 13)]
    found = [(first - rate) // 2 for rate in rates if first >= rate and (first - rate) % 2 == 0]
    return sorted((m for m in found if m <= 128), key=lambda margin: (margin != 10, margin))


def _bases(layers: list[tuple[int, int]], attempt: Mapping[str, object], most: int) -> list[int]:
    """Channel bases that give the counts of the layers: channels are half the base over the cutoff, rounded."""
    first, critical = float(attempt["first_cutoff"]), int(attempt["num_critical"])  # type: ignore[arg-type, call-overload]
    count, last = len(layers) - 1, layers[-1][0] / 2
    if critical >= count:
        return []
    low, high = 0.0, float(1 << 24)
    for index, (_, channels) in enumerate(layers[:-1]):
        cutoff = first * (last / first) ** min(index / (count - critical), 1)
        low = max(low, 2 * cutoff * (channels - 0.5))
        if channels < most:
            high = min(high, 2 * cutoff * (channels + 0.5))
    if low > high:
        return []
    powers = [1 << exponent for exponent in range(4, 25) if low <= 1 << exponent <= high]
    return powers or [round((low + high) / 2)]


@dataclass(frozen=True)
class _Signal:
    """What leaves a layer: sampling rate, cutoff, width of the transition band, size, channels."""

    rate: float
    cutoff: float
    transition: float
    size: int
    channels: int


def _signals(arguments: Mapping[str, object]) -> list[_Signal]:
    """Of every layer that these arguments make (Karras et al. 2021, Appendix C)."""
    a = {name: float(value) for name, value in arguments.items() if isinstance(value, int | float)}
    count, last_cutoff = int(a["num_layers"]), a["resolution"] / 2
    made = []
    for index in range(count + 1):
        share = min(index / (count - a["num_critical"]), 1)
        cutoff = a["first_cutoff"] * (last_cutoff / a["first_cutoff"]) ** share
        stopband = a["first_stopband"] * (last_cutoff * a["last_stopband_rel"] / a["first_stopband"]) ** share
        rate = 2 ** math.ceil(math.log2(min(stopband * 2, a["resolution"])))
        size = a["resolution"] if index >= count - 1 else rate + 2 * a["margin_size"]
        channels = round(min(a["channel_base"] / 2 / cutoff, a["channel_max"]))
        transition = 2 * (max(stopband, rate / 2) - cutoff)
        made.append(_Signal(rate, cutoff, transition, int(size), channels))
    return made


def _fits(made: list[_Signal], layers: list[tuple[int, int]], tensors: Mapping[str, Tensor]) -> bool:
    """Whether sizes and channels are those of the names, and the enlarging filters those that are stored."""
    if [(s.size, s.channels) for s in made[:-1]] != layers[:-1] or made[-1].size != layers[-1][0]:
        return False
    for index, (size, channels) in enumerate(layers[:-1]):
        before, after = made[max(index - 1, 0)], made[index]
        stored = tensors.get(f"synthesis.L{index}_{size}_{channels}.up_filter")
        if stored is None or stored.ndim != 1 or len(stored) < 2:
            continue
        designed = lowpass(len(stored), before.cutoff, before.transition, 2 * max(before.rate, after.rate))
        if designed is None or not torch.allclose(designed, stored, atol=1e-5):
            return False
    return True
