"""Small random networks for tests and for a first look: seconds to build, no weights to fetch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from latentlab.core.generator import Generator
from latentlab.networks.build import build
from latentlab.networks.mapped import MappedGenerator
from latentlab.networks.sizes import channels_for

WIDTH = 32
CHANNELS = 16


def tiny_generator(
    kind: str = "stylegan2", resolution: int = 32, seed: int = 0, condition_width: int = 0, **arguments: Any
) -> Generator:
    """A random generator: w of 32 numbers, 16 channels, two mapping layers; w_avg measured, noise switched on."""
    settings: dict[str, Any] = {
        "resolution": resolution,
        "z_width": WIDTH,
        "w_width": WIDTH,
        "condition_width": condition_width,
        "mapping_layers": 2,
    }
    if kind == "stylegan3":
        settings |= {"channel_base": resolution * CHANNELS, "channel_max": CHANNELS}
    else:
        settings |= {"channels": channels_for(resolution, resolution * CHANNELS, CHANNELS)}
    generator = build(kind, settings | arguments, None, seed)
    assert isinstance(generator, MappedGenerator), f"'{kind}' is no generator"
    _switch_noise_on(generator, seed)
    generator.mapping.measure_average(1000)
    return generator


def tiny_discriminator(
    kind: str = "stylegan2_discriminator",
    resolution: int = 32,
    seed: int = 0,
    condition_width: int = 0,
    **arguments: Any,
) -> nn.Module:
    """A random discriminator of 16 channels."""
    settings: dict[str, Any] = {
        "resolution": resolution,
        "condition_width": condition_width,
        "channels": channels_for(resolution, resolution * CHANNELS, CHANNELS),
    }
    return build(kind, settings | arguments, None, seed)


def _switch_noise_on(generator: nn.Module, seed: int) -> None:
    source = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, value in generator.named_parameters():
            if name.endswith(("noise_strength", "noise_weight")):
                value.normal_(0, 0.2, generator=source)
