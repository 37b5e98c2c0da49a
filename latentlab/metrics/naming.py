"""Names for components nobody named: what each changes, in words, and which of them are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.metrics.leakage import Responses, slopes, spread_of

CLEAR = 0.25
"""Standard deviations by which one step must change an attribute to be named after it."""
SAME = 0.95
"""Cosine of two responses (and of two vectors) from which on they count as one component."""


@dataclass(frozen=True, eq=False)
class Named:
    """A component and what it was found to do."""

    direction: Direction
    effects: dict[str, float]
    """Change by one step in standard deviations, the strongest first."""

    @property
    def label(self) -> str:
        """`yaw+, smile-`; `unknown` where nothing changes clearly: that is the new one."""
        clear = clear_effects(self.effects).items()
        return ", ".join(f"{name}{'+' if value > 0 else '-'}" for name, value in clear) or "unknown"


def clear_effects(effects: Mapping[str, float]) -> dict[str, float]:
    """The first three that change clearly, of effects in standard deviations."""
    clear = [(name, value) for name, value in effects.items() if abs(value) >= CLEAR]
    return dict(clear[:3])


def ranked_effects(responses: Responses) -> dict[str, float]:
    """What one step changes by name, in standard deviations, the strongest first."""
    changes = effects_of(responses)
    order = changes.abs().argsort(descending=True).tolist()
    return {responses.names[i]: round(float(changes[i]), 3) for i in order}


def effects_of(responses: Responses) -> Tensor:
    """Mean change of every attribute by one step, in standard deviations, [attributes]."""
    return slopes(responses).nanmean(0).nan_to_num(0) / spread_of(responses)


def name_components(directions: Sequence[Direction], responses: Sequence[Responses]) -> list[Named]:
    """Label every component by its effects; of those that do the same, keep the first."""
    kept: list[Named] = []
    rows: list[Tensor] = []
    for direction, response in zip(directions, responses, strict=True):
        row = effects_of(response)
        if any(
            _same(row, other) and _same(direction.vector, known.direction.vector)
            for other, known in zip(rows, kept, strict=True)
        ):
            continue
        effects = ranked_effects(response)
        named = Named(direction, effects)
        story = {
            **direction.story,
            "label": named.label,
            "attribute": next(iter(effects)),
            "effects": effects,
        }
        kept.append(Named(replace(direction, story=story), effects))
        rows.append(row)
    return kept


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and abs(float(torch.cosine_similarity(one, other, dim=-1).mean())) > SAME
