"""What a network would cost, from its arguments alone: numbers, memory and work, bounded before anything is built."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from latentlab.core.errors import BadWeights
from latentlab.networks.sizes import channel_table, resolutions, shape_at

MOST_PARAMETERS = 1 << 30
"""Four times the largest published file of the family, an encoder of pSp; 4 GB."""
MOST_NUMBERS = 1 << 31
"""Of the largest feature map of one picture."""
MOST_WORK = 4e12
"""Multiplications of one picture: nearly ten times a StyleGAN3-R of 1024², minutes on one core."""
SPARE = 1 << 20
"""Parameters that a small network may be estimated too high by."""


@dataclass(frozen=True)
class Cost:
    """Of one network and one picture."""

    parameters: int = 0
    numbers: int = 0
    """Of its largest feature map."""
    work: float = 0
    """Multiplications."""

    def __add__(self, other: Cost) -> Cost:
        numbers = max(self.numbers, other.numbers)
        return Cost(self.parameters + other.parameters, numbers, self.work + other.work)


def check_cost(kind: str, arguments: Any, present: int | None = None) -> Cost:
    """The cost of a network whose arguments are in range.

    Raises BadWeights where it is beyond all published ones, or far beyond the `present` numbers of its file.
    """
    cost = COSTS[kind](arguments)
    for seen, most, what in (
        (cost.parameters, MOST_PARAMETERS, "parameters"),
        (cost.numbers, MOST_NUMBERS, "numbers in one feature map"),
        (cost.work, MOST_WORK, "multiplications for one picture"),
    ):
        if seen > most:
            raise BadWeights(
                f"a {kind} network of these arguments has {seen:.2g} {what}; at most {most:.2g} are built"
            )
    if present is not None and cost.parameters > 4 * present + SPARE:
        raise BadWeights(
            f"the arguments describe a network of some {cost.parameters} numbers, the file has {present}"
        )
    return cost


def _dense(before: int, after: int) -> Cost:
    return Cost(before * after + after, after, before * after)


def _convolution(before: int, after: int, kernel: int, pixels: int) -> Cost:
    parameters = before * after * kernel**2
    return Cost(parameters + after, max(before, after) * pixels, float(parameters) * pixels)


def _mapping(a: Any, first: int, last: int) -> Cost:
    embedded = (getattr(a, "embed_width", None) or max(first, last)) if a.condition_width else 0
    hidden = getattr(a, "mapping_width", None) or last
    widths = [first + embedded, *[hidden] * (a.mapping_layers - 1), last]
    return sum(map(_dense, widths[:-1], widths[1:]), _dense(a.condition_width, embedded))


def _blocks(a: Any) -> Cost:
    """Both convolutions of each resolution, their styles and ways to colours: generators and discriminators alike."""
    channels, kernel = channel_table(a.channels, a.resolution), getattr(a, "kernel", 3)
    total, before = Cost(), channels[4]
    for size in resolutions(a.resolution):
        pixels, width = math.prod(shape_at(size, a.constant)), channels[size]
        total += _convolution(before, width, kernel, pixels) + _convolution(width, width, kernel, pixels)
        total += _convolution(width, a.colours, 1, pixels) + Cost(
            pixels, 0, 4.0 * len(a.taps) * width * pixels
        )
        if hasattr(a, "w_width"):
            total += _dense(a.w_width, 2 * (before + width))
        before = width
    return total


def _generator(a: Any) -> Cost:
    return _blocks(a) + _mapping(a, a.z_width, a.w_width)


def _discriminator(a: Any) -> Cost:
    first = channel_table(a.channels, a.resolution)[4]
    last, classes = getattr(a, "final_width", None) or first, getattr(a, "cmap_width", None) or first
    ending = _dense(first * math.prod(a.constant), last) + _dense(last, max(a.condition_width, classes))
    projection = _mapping(a, 0, classes) if hasattr(a, "cmap_width") and a.condition_width else Cost()
    return _blocks(a) + ending + projection


def _alias_free(a: Any) -> Cost:
    from latentlab.networks.alias_free import geometries, signals

    chain = signals(a)
    cost = _mapping(a, a.z_width, a.w_width)
    cost += _convolution(chain[0].channels, chain[0].channels, 1, chain[0].size ** 2)
    for layer in geometries(chain, a):
        before, after = layer.before, layer.after
        cost += _convolution(before.channels, after.channels, layer.kernel, (before.size + layer.kernel) ** 2)
        between = float(after.channels) * (before.size * layer.up + layer.up_taps) ** 2
        taps = layer.down_taps**2 if layer.radial else layer.up_taps + layer.down_taps
        cost += Cost(layer.up_taps**2 + layer.down_taps**2, int(between), between * taps)
        cost += _dense(a.w_width, before.channels)
    return cost


def _trunk(a: Any) -> Cost:
    from latentlab.networks.trunk import DEPTHS

    if a.depth not in DEPTHS:
        known = ", ".join(map(str, DEPTHS))
        raise BadWeights(f"a trunk of depth {a.depth} is not known; there are {known}")
    cost = _convolution(a.input_channels, a.base_width, 3, a.input_size**2)
    for stage, count in enumerate(DEPTHS[a.depth]):
        width, pixels = a.base_width << stage, (a.input_size >> stage) ** 2
        weights = 18 * width**2 * count
        cost += Cost(weights, width * pixels, weights * pixels / 4)
    return cost


def _pyramid(a: Any) -> Cost:
    """The trunk, and a head of strided convolutions for each style."""
    width, depth = a.base_width * 8, max(1, (a.input_size // 16).bit_length() - 1)
    convolutions = Cost(9 * width**2 * depth, 0, 9.0 * width**2 * (a.input_size / 8) ** 2)
    return sum([convolutions + _dense(width, a.w_width)] * (a.heads or a.styles), _trunk(a))


def _vector(a: Any) -> Cost:
    """The trunk, and one linear map of its last features."""
    return _trunk(a) + _dense(a.base_width * 8, a.w_width * a.styles)


def _identity(a: Any) -> Cost:
    return _trunk(a) + _dense(a.base_width * 8 * (a.input_size // 16) ** 2, 512)


def _regressor(a: Any) -> Cost:
    widths = [a.width << stage for stage in range(a.halvings)]
    cost = _convolution(3, a.width, 5, a.size**2)
    for stage, width in enumerate(widths[1:], 1):
        each = _convolution(width, width, 3, (a.size >> stage) ** 2)
        cost += sum([each] * 2 * (a.depth + 1), Cost())
    side = -(-a.size // 2**a.halvings)
    if (
        a.trunk == "attention"
    ):  # each block is twelve maps of the width, and looks from every token at every other
        each = Cost(
            12 * widths[-1] ** 2,
            4 * widths[-1] * side**2,
            (12 * widths[-1] ** 2 + 2 * widths[-1] * side**2) * side**2,
        )
        cost += sum([each] * a.depth, Cost(widths[-1] * side**2))
    return cost + _dense(a.features, 256) + _dense(256, a.outputs)


def _unet(a: Any) -> Cost:
    widths = [a.width * min(2**level, 8) for level in range(a.levels)]
    sizes = [256 >> level for level in range(a.levels)]
    pairs = zip([max(a.before, a.after), *widths], widths, sizes, strict=False)
    return sum(
        (_convolution(3 * before, width, 4, max(size, 1) ** 2) for before, width, size in pairs), Cost()
    )


def _resnet(a: Any) -> Cost:
    ends = _convolution(a.before, a.width, 7, 256**2) + _convolution(a.width, a.after, 7, 256**2)
    between = _convolution(2 * a.width, 4 * a.width, 3, 128**2)
    return sum([_convolution(4 * a.width, 4 * a.width, 3, 64**2)] * 2 * a.blocks, ends + between + between)


def _patches(a: Any) -> Cost:
    widths = [a.width * min(2**layer, 8) for layer in range(a.layers + 1)]
    cost = _convolution(a.channels, a.width, 4, 256**2)
    return sum((_convolution(b, w, 4, 64**2) for b, w in pairwise(widths)), cost)


def _counted(kind: str) -> Callable[[Any], Cost]:
    """For networks of few layers: made without memory for their weights, and counted."""

    def cost(a: Any) -> Cost:
        import torch

        from latentlab.networks.build import KINDS

        with torch.device("meta"):
            parameters = sum(p.numel() for p in KINDS[kind](a).parameters())
        side, width = getattr(a, "size", 256), getattr(a, "width", 1)
        return Cost(parameters, width * side**2, float(parameters) * (side / 4) ** 2)

    return cost


TRANSLATORS = (
    *(
        "attention_generator",
        "attention_discriminator",
        "age_encoder",
        "age_generator",
        "age_code_discriminator",
    ),
    *("age_discriminator", "shared_encoder", "face_decoder", "makeup_generator", "coefficient_regressor"),
    *("frontaliser", "two_way_discriminator"),
)
COSTS: dict[str, Callable[[Any], Cost]] = {
    "stylegan1": _generator,
    "stylegan2": _generator,
    "stylegan3": _alias_free,
    "stylegan1_discriminator": _discriminator,
    "stylegan2_discriminator": _discriminator,
    "stylegan3_discriminator": _discriminator,
    "encoder_e4e": _pyramid,
    "encoder_psp": _pyramid,
    "encoder_w": _vector,
    "encoder_last": _vector,
    "arcface": _identity,
    "scorer": _regressor,
    "embedding": _regressor,
    "unet": _unet,
    "resnet": _resnet,
    "patchgan": _patches,
    **{kind: _counted(kind) for kind in TRANSLATORS},
}
