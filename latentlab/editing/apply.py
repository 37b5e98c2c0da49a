"""Move a latent along several directions at once, in layers of choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Layers, Space, layer_range


def apply(
    generator: Generator,
    latent: Latent,
    strengths: Mapping[Direction, float | Tensor],
    layers: Layers | None = None,
) -> Latent:
    """The latent moved by each direction times its strength, lifted as far as the directions need.

    `layers` restricts every direction to a range of w inputs (in S: to the style layers that read them).
    Raises WrongGenerator for a direction of another network, SpaceMismatch where a direction lies below the latent.
    """
    for direction in strengths:
        direction.check(generator.hash)
    for space in Space:
        for direction, strength in strengths.items():
            if direction.space is space:
                chosen = restrict(direction, layers, generator)
                latent = generator.lift(latent, max(latent.space, _needs(chosen)))
                latent = _in_styles(generator, latent, chosen, strength)
    return latent


def _needs(direction: Direction) -> Space:
    """The lowest space in which a direction can act: one that spares layers needs a w for each of them."""
    if direction.space is Space.W and direction.layers is not None:
        return Space.W_PLUS
    return direction.space


def _in_styles(
    generator: Generator, latent: Latent, direction: Direction, strength: float | Tensor
) -> Latent:
    """`direction.apply`; in S a direction of W or W+ acts as its image under the affine maps, which are linear."""
    if latent.space is not Space.S or direction.space not in {Space.W, Space.W_PLUS}:
        return direction.apply(latent, strength)
    if not is_line(direction):
        raise SpaceMismatch(
            f"direction '{direction.name}' follows a curve in W; edit the latent before it is lifted to S"
        )
    zero = latent.values.new_zeros(1, generator.layers, generator.w_width)
    moved = direction.apply(Latent(Space.W_PLUS, zero), 1.0).values
    with torch.no_grad():
        vector = (generator.styles(moved) - generator.styles(zero))[0]
    return replace(direction, space=Space.S, vector=vector, layers=None).apply(latent, strength)


def is_line(direction: Direction) -> bool:
    """Whether its vector is all there is to it; a flow changes its way as it goes."""
    return type(direction).apply is Direction.apply


def restrict(direction: Direction, layers: Layers | None, generator: Generator) -> Direction:
    """The direction in a range of layers only; within those it already had."""
    if layers is None:
        return direction
    first, last = layer_range(layers, generator.layers)
    if direction.space is Space.Z:
        raise BadInput(f"direction '{direction.name}' lives in Z, which has no layers; leave `layers` out")
    if direction.space is Space.S:
        vector = torch.zeros_like(direction.vector)
        for layer in generator.style_layers:
            if first <= layer.w_index <= last:
                vector[layer.channels] = direction.vector[layer.channels]
        return replace(direction, vector=vector)
    if direction.layers is not None:
        first, last = max(first, direction.layers[0]), min(last, direction.layers[1])
        if first > last:
            own = f"{direction.layers[0]}-{direction.layers[1]}"
            raise BadInput(
                f"direction '{direction.name}' acts on layers {own} alone, none of them in {layers[0]}-{layers[1]}"
            )
    return replace(direction, layers=(first, last))


def out_of_span(strengths: Mapping[Direction, float]) -> list[str]:
    """One line for every strength beyond the span in which pictures were measured to stay right."""
    lines = []
    for direction, strength in strengths.items():
        if direction.span is not None and not direction.span[0] <= strength <= direction.span[1]:
            low, high = direction.span
            lines.append(
                f"{direction.name}={strength:g} is outside the span {low:g}..{high:g} in which pictures stay right; "
                "expect artefacts"
            )
    return lines


def sweep(low: float, high: float, count: int) -> list[float]:
    """`count` strengths from low to high."""
    if count < 2 or count > 1000:
        raise BadInput(f"a sweep has 2 to 1000 pictures, not {count}")
    return [low + (high - low) * i / (count - 1) for i in range(count)]
