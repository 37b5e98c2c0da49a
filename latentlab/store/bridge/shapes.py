"""Do the tensors fit the recorded arguments? Asked before a network is built, so that no argument can ask for memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from latentlab.core.errors import BadWeights
from latentlab.store.bridge.foreign import check_shape

SQUARE = (4, 4)
Arguments = Mapping[str, Any]
Tensors = Mapping[str, Tensor]


def check_mapping(arguments: Arguments, tensors: Tensors, part: str) -> None:
    """All layers of a generator's mapping, and its label embedding."""
    classes, z_width = arguments["condition_width"], arguments["z_width"]
    joined = arguments.get("condition_joined", False) or "embed_width" not in arguments
    extra = (z_width if joined else arguments["embed_width"]) if classes else 0
    if classes:
        check_shape(tensors, "mapping.embed.weight", (classes, extra) if joined else (extra, classes), part)
    _check_layers(arguments, tensors, part, z_width + extra, arguments["w_width"])


def _check_layers(arguments: Arguments, tensors: Tensors, part: str, first: int, last: int) -> None:
    layers = arguments["mapping_layers"]
    widths = [first, *[arguments["mapping_width"]] * (layers - 1), last]
    for index in range(layers):
        check_shape(tensors, f"mapping.fc{index}.weight", (widths[index + 1], widths[index]), part)
    if f"mapping.fc{layers}.weight" in tensors:
        raise BadWeights(
            f"{part}: {layers} mapping layers are recorded, but there is a tensor 'mapping.fc{layers}.weight'"
        )


def check_stylegan2(arguments: Arguments, tensors: Tensors, part: str) -> None:
    """Constant, convolutions and their affine maps."""
    check_mapping(arguments, tensors, part)
    channels = {int(size): count for size, count in arguments["channels"].items()}
    kernel = arguments.get("kernel", 3)
    check_shape(tensors, "synthesis.b4.const", (channels[4], *arguments.get("constant", SQUARE)), part)
    for size, count in channels.items():
        check_shape(tensors, f"synthesis.b{size}.conv1.weight", (count, count, kernel, kernel), part)
        check_shape(tensors, f"synthesis.b{size}.conv1.affine.weight", (count, arguments["w_width"]), part)
    _check_colours(channels, arguments, tensors, part)


def _check_colours(channels: dict[int, int], arguments: Arguments, tensors: Tensors, part: str) -> None:
    """The last way to colours has as many as the arguments say."""
    last = max(channels)
    shape = (arguments.get("colours", 3), channels[last], 1, 1)
    check_shape(tensors, f"synthesis.b{last}.torgb.weight", shape, part)


def check_stylegan1(arguments: Arguments, tensors: Tensors, part: str) -> None:
    """Constant, convolutions and their style maps."""
    check_mapping(arguments, tensors, part)
    channels = {int(size): count for size, count in arguments["channels"].items()}
    check_shape(tensors, "synthesis.b4.const", (channels[4], *arguments.get("constant", SQUARE)), part)
    for size, count in channels.items():
        check_shape(tensors, f"synthesis.b{size}.conv1.weight", (count, count, 3, 3), part)
        check_shape(tensors, f"synthesis.b{size}.conv1.style.weight", (2 * count, arguments["w_width"]), part)
    _check_colours(channels, arguments, tensors, part)


def check_stylegan3(arguments: Arguments, tensors: Tensors, part: str) -> None:
    """The input, which is the widest layer, and how many layers there are."""
    check_mapping(arguments, tensors, part)
    limit = arguments["channel_base"] / 2 / max(arguments["first_cutoff"], 1e-6)
    width = round(min(limit, arguments["channel_max"]))
    kernel = arguments["conv_kernel"]
    check_shape(tensors, "synthesis.input.weight", (width, width), part)
    layers = {
        match[1]: match[2]
        for name in tensors
        if (match := re.match(r"synthesis\.L(\d+)_(\d+_\d+)\.weight$", name))
    }
    if len(layers) != arguments["num_layers"] + 1:
        raise BadWeights(
            f"{part}: {arguments['num_layers'] + 1} layers are recorded, the file has {len(layers)}"
        )
    if "0" in layers:
        check_shape(tensors, f"synthesis.L0_{layers['0']}.weight", (width, width, kernel, kernel), part)


def check_discriminator(arguments: Arguments, tensors: Tensors, part: str) -> None:
    """Convolutions, epilogue and label embedding of a discriminator."""
    channels = {int(size): count for size, count in arguments["channels"].items()}
    for size in sorted(channels)[1:]:
        check_shape(tensors, f"b{size}.conv0.weight", (channels[size], channels[size], 3, 3), part)
        check_shape(tensors, f"b{size}.conv1.weight", (channels[size // 2], channels[size], 3, 3), part)
    last = max(channels)
    check_shape(tensors, f"b{last}.fromrgb.weight", (channels[last], arguments.get("colours", 3), 1, 1), part)
    final, classes = arguments.get("final_width", channels[4]), arguments["condition_width"]
    check_shape(
        tensors, "b4.conv.weight", (channels[4], channels[4] + arguments["group_channels"], 3, 3), part
    )
    check_shape(
        tensors, "b4.fc.weight", (final, channels[4] * math.prod(arguments.get("constant", SQUARE))), part
    )
    one_for_each = arguments.get("class_logits", False) or "final_width" in arguments
    outputs = classes if one_for_each else arguments.get("cmap_width", 0)
    check_shape(tensors, "b4.out.weight", (max(outputs, 1), final), part)
    if classes and not one_for_each:
        embed = arguments["embed_width"]
        check_shape(tensors, "mapping.embed.weight", (embed, classes), part)
        _check_layers(arguments, tensors, part, embed, arguments["cmap_width"])
