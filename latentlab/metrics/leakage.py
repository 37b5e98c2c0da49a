"""What a direction does to faces it was not found on: its target, everything else, the person, and its span."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, unknown
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.seeds import draw_z
from latentlab.core.watch import Watch, silent
from latentlab.scorers.scorer import Scorer
from latentlab.scorers.twins import twins_of

FRESH_SEED = 2_000_000_000
"""Evaluation draws its faces from here on; discovery from 0 on."""
Interval = tuple[float, float, float]
"""Mean, lower and upper end of its 95 % bootstrap interval."""
Embed = Callable[[Tensor], Tensor]
"""Images to embeddings [n d]; NaN rows where no face was found."""


@dataclass(frozen=True, eq=False)
class Responses:
    """Scores of n faces at each strength, and what else was seen on the way."""

    strengths: tuple[float, ...]
    scores: Tensor
    """[strengths n attributes]."""
    identity: Tensor | None
    """Embedding distance to the unmoved face, [strengths n]; NaN where no face was found."""
    names: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """The measured row of one direction; changes are in standard deviations of the population of samples."""

    direction: str
    target: str
    n: int
    step: Interval
    """Change of the target by strength 1, in its own unit."""
    step_sd: Interval
    """The same in standard deviations."""
    leakage: Mapping[str, Interval]
    """Change of every other attribute while the target changes by one standard deviation."""
    total_leakage: Interval
    """Mean of the absolute leakage over the other attributes."""
    identity: Interval | None
    """Embedding distance to the unmoved face where the target has changed by one standard deviation; None where
    nothing embedded, or no strength reached that change."""
    monotony: float
    """Share of neighbouring strengths, over all faces, between which the target moves the right way."""
    works: float
    """Share of faces whose target moves by at least half of the mean step."""
    span: tuple[float, float] | None
    """Strengths between which a face is still found in 90 % of those where it was found at 0; None where nobody
    looked for faces."""
    curve: Mapping[float, float] = field(default_factory=dict)
    """Mean target score at each strength."""
    confirmed: Mapping[str, Interval] = field(default_factory=dict)
    """Other measures of the target itself (no leakage), in the same unit as leakage."""


@dataclass(frozen=True)
class Evaluate:
    """Move fresh faces by the same steps and score every attribute again (how InterFaceGAN's successors judge)."""

    samples: int = 200
    """How many faces."""
    strengths: tuple[float, ...] = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    """In steps; must hold -1, 0 and 1."""
    psi: float = 0.7
    """Truncation of the faces."""
    first_seed: int = FRESH_SEED
    """Apart from the seeds of discovery."""
    bootstraps: int = 1000
    """Resamplings of the faces for the intervals."""
    batch: int = 25
    """Faces rendered at once."""

    @classmethod
    def reaching(cls, farthest: int, **fields: Any) -> Evaluate:
        """With whole strengths from `-farthest` to `farthest`."""
        if farthest < 1:
            raise BadInput(f"strengths up to {farthest} move nothing; at least 1: `reach` 3")
        return cls(strengths=tuple(float(k) for k in range(-farthest, farthest + 1)), **fields)

    def __post_init__(self) -> None:
        if not {-1.0, 0.0, 1.0} <= set(self.strengths) or list(self.strengths) != sorted(self.strengths):
            raise BadInput(f"the strengths {self.strengths} must rise and hold -1, 0 and 1")
        if self.samples < 10:
            raise BadInput(f"{self.samples} faces are too few for an interval; at least 10: `samples` 200")

    @torch.no_grad()
    def respond(
        self, generator: Generator, direction: Direction, scorers: Sequence[Scorer], embed: Embed | None = None,
        watch: Watch = silent,
    ) -> Responses:  # fmt: skip
        """Render and score the faces at each strength."""
        direction.check(generator.hash)
        rows, distances = [], []
        for start in range(0, self.samples, self.batch):
            count = min(self.batch, self.samples - start)
            base = fresh_latents(generator, self.first_seed + start, count, self.psi, direction)
            pictures = [generator.render(direction.apply(base, strength)) for strength in self.strengths]
            rows.append(torch.stack([torch.cat([s(p).float().cpu() for s in scorers], 1) for p in pictures]))
            if embed is not None:
                found = torch.stack([embed(picture).float().cpu() for picture in pictures])  # [strengths n d]
                distances.append((found - found[self.strengths.index(0.0)]).norm(dim=-1))
            watch(
                (start + count) / self.samples, f"{direction.name}: {start + count} of {self.samples} faces"
            )
        names = tuple(name for scorer in scorers for name in scorer.names)
        return Responses(
            self.strengths, torch.cat(rows, 1), torch.cat(distances, 1) if distances else None, names
        )

    def judge(self, direction: Direction, responses: Responses, target: str | None = None) -> Evaluation:
        """Turn responses into the measured row."""
        target = target or target_of(direction, responses.names)
        column = responses.names.index(target)
        zero = responses.strengths.index(0.0)
        spread = spread_of(responses).numpy()
        changes = slopes(responses).numpy()  # [n attributes], own units
        sign = 1.0 if np.nanmean(changes[:, column]) >= 0 else -1.0
        draws = np.random.RandomState(0).randint(len(changes), size=(self.bootstraps, len(changes)))

        per_sd = changes / spread
        means = np.nan_to_num(np.nanmean(per_sd[draws], axis=1))  # [bootstraps attributes]
        center = np.nan_to_num(np.nanmean(per_sd, axis=0))
        scale = np.abs(center[column]).clip(1e-6), np.abs(means[:, column]).clip(1e-6)
        others = others_of(target, responses.names)
        leak, leaks = center / scale[0], means / scale[1][:, None]
        named = {n: _interval(leak[i], leaks[:, i]) for i, n in enumerate(responses.names) if i != column}
        target_scores = responses.scores[..., column]
        moved = (target_scores[1:] - target_scores[:-1]) * sign
        return Evaluation(
            direction=direction.name,
            target=target,
            n=len(changes),
            step=_interval(center[column] * spread[column], means[:, column] * spread[column]),
            step_sd=_interval(center[column], means[:, column]),
            leakage={responses.names[i]: named[responses.names[i]] for i in others},
            total_leakage=_interval(np.abs(leak[others]).mean(), np.abs(leaks[:, others]).mean(1)),
            identity=self._identity(responses, column, spread[column], draws),
            monotony=float((moved > 0).float().mean()),
            works=float((changes[:, column] * sign > 0.5 * abs(np.nanmean(changes[:, column]))).mean()),
            span=_span(responses, zero),
            curve=dict(zip(responses.strengths, target_scores.nanmean(1).tolist(), strict=True)),
            confirmed={name: named[name] for name in responses.names if name in twins_of(target)},
        )

    def _identity(
        self, responses: Responses, column: int, spread: float, draws: np.ndarray
    ) -> Interval | None:
        """Distance to the unmoved face, interpolated to a target change of one standard deviation."""
        if responses.identity is None:
            return None
        zero = responses.strengths.index(0.0)
        change = (
            (responses.scores[zero:, :, column] - responses.scores[zero, :, column]).nanmean(1).abs() / spread
        ).numpy()
        distance = responses.identity[zero:].numpy()  # [strengths n]
        if change.max() < 1.0 or np.isnan(distance).all():
            return None

        def at_one_sd(picks: np.ndarray) -> float:
            seen = ~np.isnan(distance[:, picks])
            curve = np.where(seen, distance[:, picks], 0).sum(1) / np.maximum(seen.sum(1), 1)
            return float(np.interp(1.0, np.maximum.accumulate(change), np.maximum.accumulate(curve)))

        replicas = np.array([at_one_sd(picks) for picks in draws[:200]])
        return _interval(at_one_sd(np.arange(distance.shape[1])), replicas)


def fresh_latents(
    generator: Generator, first_seed: int, count: int, psi: float, direction: Direction
) -> Latent:
    """Faces from the seeds `first_seed`, ..., in the space the direction acts on."""
    z = draw_z(range(first_seed, first_seed + count), generator.z_width).to(generator.device)
    if direction.space is Space.Z:
        return Latent(Space.Z, z)
    w = generator.map(z)
    space = Space.W_PLUS if direction.space is Space.W else direction.space  # layer ranges act in W+
    w_plus = generator.truncate(w[:, None].repeat(1, generator.layers, 1), psi)
    return generator.lift(Latent(Space.W_PLUS, w_plus), space)


def leakage_replicas(responses: Responses, target: str, bootstraps: int = 1000) -> np.ndarray:
    """Total leakage on all faces, then on resampled ones, [1 + bootstraps]: the same faces for every direction of as
    many faces, so that differences and ratios of directions can be taken entry by entry."""
    column, others = responses.names.index(target), others_of(target, responses.names)
    changes = (slopes(responses) / spread_of(responses)).numpy()
    draws = np.random.RandomState(0).randint(len(changes), size=(bootstraps, len(changes)))
    picks = np.concatenate([np.arange(len(changes))[None], draws])
    means = np.nan_to_num(np.nanmean(changes[picks], axis=1))  # [1 + bootstraps attributes]
    return np.abs(means[:, others]).mean(1) / np.abs(means[:, column]).clip(1e-6)


def others_of(target: str, names: Sequence[str]) -> list[int]:
    """Places of the attributes into which a move of the target can leak: all but itself and its twins."""
    own = {target, *twins_of(target)}
    return [place for place, name in enumerate(names) if name not in own]


def target_of(direction: Direction, names: Sequence[str]) -> str:
    """The attribute a direction was made for, among the names of the scorers."""
    wanted = str(direction.story.get("attribute", direction.name))
    if wanted not in names:
        raise unknown("attribute", wanted, names)
    return wanted


def strongest(responses: Responses) -> str:
    """The attribute that changes most, in standard deviations: the name of a component nobody named."""
    change = slopes(responses).nanmean(0).abs() / spread_of(responses)
    return responses.names[int(change.argmax())]


def spread_of(responses: Responses) -> Tensor:
    """Standard deviation of each score over the unmoved faces, [attributes]; NaN rows (no face found) left out."""
    scores = responses.scores[responses.strengths.index(0.0)]
    return (scores - scores.nanmean(0)).square().nanmean(0).nan_to_num(0).sqrt().clamp_min(1e-9)


def slopes(responses: Responses) -> Tensor:
    """Change of each score by one step, between strengths -1 and 1: [n attributes]."""
    low, high = responses.strengths.index(-1.0), responses.strengths.index(1.0)
    return (responses.scores[high] - responses.scores[low]) / 2


def keeps_promise(
    responses: Responses, target: str, step: float, chosen: Tensor | None = None
) -> tuple[float, float]:
    """The median change by one step as a share of what the direction promises, and the share of faces with half of it.

    With `chosen` (bool [n]) only these faces count, and only the way from 0 to 1: faces that lack an attribute can get
    it, but cannot lose it.
    """
    column = responses.names.index(target)
    if chosen is None:
        change = slopes(responses)[:, column]
    else:
        zero, one = responses.strengths.index(0.0), responses.strengths.index(1.0)
        change = (responses.scores[one] - responses.scores[zero])[chosen, column]
    return float(change.nanmedian() / step), float((change >= step / 2).float().mean())


def _interval(center: float, replicas: np.ndarray) -> Interval:
    low, high = np.percentile(replicas, [2.5, 97.5])
    return float(center), float(low), float(high)


def _span(responses: Responses, zero: int) -> tuple[float, float] | None:
    """The strengths around 0 at which a face is still found nine times out of ten."""
    if responses.identity is None:
        return None
    found = (~responses.identity.isnan()).float().mean(1)
    if float(found[zero]) == 0:
        return None
    good = (found >= 0.9 * found[zero]).tolist()
    low = high = zero
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(good) - 1 and good[high + 1]:
        high += 1
    return responses.strengths[low], responses.strengths[high]
