"""Conditional manipulation (Shen et al. 2020, InterFaceGAN §3.3): what is to be kept is projected out of a direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.latent import Space
from latentlab.core.projection import beside_span
from latentlab.editing.apply import is_line

LEAST = 0.05
"""Share of a direction's length that must remain; below it nothing but numerical dust is left."""


def keep(direction: Direction, kept: Sequence[Direction], generator: Generator) -> Direction:
    """The direction without its part in the span of the kept ones: n - Σ (n·b) b over an orthonormal basis b.

    Its `step` shrinks to the share of the target that a linear reading expects, so that units stay true.
    """
    others = [other for other in kept if other is not direction]
    if not others:
        return direction
    if not is_line(direction):
        raise BadInput(
            f"direction '{direction.name}' follows a curve and has nothing to project; it holds others by itself"
        )
    space = max([direction.space, *(other.space for other in others)])
    if Space.Z in {direction.space, *(other.space for other in others)} and space is not Space.Z:
        raise SpaceMismatch(
            "a direction in Z cannot be projected against one in another space; use one found in w"
        )
    vector = flat(direction, space, generator)
    span = [flat(other, space, generator) for other in others]
    if min(float(other.norm()) for other in span) == 0:
        raise BadInput("a kept direction is zero; it keeps nothing")

    remaining = beside_span(vector, span).to(vector)
    share = float(remaining.norm() / vector.norm())
    if share < LEAST:
        names = ", ".join(other.name for other in others)
        raise BadInput(f"nothing of '{direction.name}' remains once {names} is kept; keep less")
    shape = (generator.layers, generator.w_width) if space is Space.W_PLUS else (-1,)
    story = dict(direction.story) | {"kept": [other.name for other in others], "remains": round(share, 4)}
    return replace(
        direction, space=space, vector=remaining.reshape(shape), layers=None, step=direction.step * share**2, story=story
    )  # fmt: skip


def flat(direction: Direction, space: Space, generator: Generator) -> Tensor:
    """The direction's vector as it acts in a space at or above its own, in one row."""
    vector = direction.vector.float()
    if (
        direction.space is space
        and direction.layers is None
        and vector.ndim == 1
        and space is not Space.W_PLUS
    ):
        return vector
    if space is Space.W:
        raise SpaceMismatch(f"direction '{direction.name}' acts on some layers alone; it needs W+")
    if direction.space is Space.S:
        return vector
    spread = direction.within_layers(vector.expand(generator.layers, generator.w_width))
    if space is Space.W_PLUS:
        return spread.reshape(-1)
    with torch.no_grad():
        zero = torch.zeros_like(spread)[None].to(generator.device)
        return (generator.styles(spread[None].to(zero)) - generator.styles(zero))[0].cpu()
