"""One channel of S as a direction, by its name alone: `b32.conv1.17` (Wu et al., StyleSpace, CVPR 2021)."""

from __future__ import annotations

import torch

from latentlab.core.direction import Direction
from latentlab.core.generator import Generator, StyleLayer
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.studio.lab import Lab

SAMPLES = 512
"""Over which the spread of the channels is measured."""
DIGITS = 3
"""Of a step: rounded, so that the same channel is the same direction on every machine."""


def channel_name(generator: Generator, channel: int) -> str:
    """The layer and the channel within it, as one name that a file can have as well."""
    layer = next(layer for layer in generator.style_layers if channel < layer.start + layer.width)
    return f"{layer.name}.{channel - layer.start}"


def is_channel(generator: Generator, name: str) -> bool:
    """Whether the network has a channel of this name."""
    return _place(generator, name) is not None


def channel(studio: Lab, name: str) -> Direction:
    """The direction of one channel; a step is a standard deviation of its values over samples."""
    generator = studio.generator
    found = _place(generator, name)
    assert found is not None, "asked by is_channel"
    layer, place = found
    vector = torch.zeros(generator.style_width)
    vector[place] = float(f"{float(spreads(studio)[place]):.{DIGITS}g}")
    return Direction(
        name, Space.S, vector, model=generator.hash, found_by="channel", story={"attribute": name, "layer": layer.name}
    )  # fmt: skip


def spreads(studio: Lab) -> torch.Tensor:
    """Standard deviation of every channel over samples, [channels]; measured once for a network."""
    generator = studio.generator

    @torch.no_grad()
    def measure() -> torch.Tensor:
        w = generator.map(draw_z(range(SAMPLES), generator.z_width).to(generator.device))
        return generator.lift(Latent(Space.W, w), Space.S).values.double().std(0).float().cpu()

    return studio.pool.get(("channel spreads", generator.hash, str(studio.place)), measure)


def _place(generator: Generator, name: str) -> tuple[StyleLayer, int] | None:
    stem, dot, number = name.rpartition(".")
    if not dot or not number.isdecimal() or len(number) > 5:
        return None
    for layer in generator.style_layers:
        if layer.name == stem and int(number) < layer.width:
            return layer, layer.start + int(number)
    return None
