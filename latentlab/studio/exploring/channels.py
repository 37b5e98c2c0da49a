"""Channels of S by search: by a part of their name, or by an attribute, the channels that move it most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.scorer import Scorer
from latentlab.core.seeds import draw_z
from latentlab.studio.lab import Lab
from latentlab.studio.shelf import companions
from latentlab.studio.shelf.channels import channel_name, spreads

FACES = 12
"""Over which the effect of a channel is averaged."""
AROUND = 0.8
"""Truncation of these faces."""


@dataclass(frozen=True)
class FoundChannel:
    """A channel and why it was found."""

    name: str
    says: str
    """What a step up does, or where it is."""


def search_channels(studio: Lab, text: str, count: int = 12) -> list[FoundChannel]:
    """At most so many channels for `smile` (strongest first), `b32` or `b32.conv1.17`; BadInput where nothing is meant."""
    wanted = text.strip().lower().replace(" ", "_")
    guide = companions.guide(studio)
    names = list(guide.names)
    attributes = [name for name in names if wanted and wanted in name]
    if attributes:
        best = min(attributes, key=len)
        return _strongest(studio, best, names.index(best), count)
    found = [
        FoundChannel(name, f"channel of {layer.name}, {layer.resolution}×{layer.resolution}")
        for layer in studio.generator.style_layers
        for name in (f"{layer.name}.{place}" for place in range(layer.width))
        if wanted and wanted in name.lower()
    ]
    if not found:
        layers = ", ".join(layer.name for layer in studio.generator.style_layers[:4])
        raise BadInput(
            f"'{text[:40]}' is neither an attribute ({', '.join(names[:4])}, …) nor a part of a channel's name ({layers}, …)"
        )
    return found[:count]


def _strongest(studio: Lab, attribute: str, column: int, count: int) -> list[FoundChannel]:
    """By what a small step does to the guide's reading, the strongest first; how far a large one goes is to be seen."""
    effect = effects(studio, column)
    order = effect.abs().argsort(descending=True)[:count]
    words = attribute.replace("_", " ")
    return [
        FoundChannel(channel_name(studio.generator, int(i)), f"{'more' if effect[i] > 0 else 'less'} {words}")
        for i in order
    ]


def effects(studio: Lab, column: int) -> Tensor:
    """What a step of each channel does to one reading of the guide, [channels]; measured once."""
    generator, guide = studio.generator, companions.guide(studio)
    key = ("channel effects", generator.hash, guide.hash, column, str(studio.place))
    return studio.pool.get(key, lambda: _measured(generator, guide, column) * spreads(studio))


def _measured(generator: Generator, guide: Scorer, column: int) -> Tensor:
    with torch.no_grad():
        w = generator.map(draw_z(range(FACES), generator.z_width).to(generator.device))
        w_plus = generator.truncate(w[:, None].repeat(1, generator.layers, 1), AROUND)
        lifted = generator.lift(Latent(Space.W_PLUS, w_plus), Space.S).values
    total = torch.zeros(generator.style_width)
    for styles in lifted.split(1):
        styles = styles.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(guide(generator(styles))[0, column], styles)
        total += gradient[0].detach().cpu()
    return total / len(lifted)
