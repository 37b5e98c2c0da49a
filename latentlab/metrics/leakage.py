"""What a direction does to faces it was not found on: its target, everything else, the person, and its span."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, unknown
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import Noise, NoiseMode
from latentlab.core.ranges import Batch, Between, Psi, Seed, Strength, check
from latentlab.core.scorer import Scorer
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.metrics.columns import LEAST_FACES, left_out
from latentlab.metrics.per_face import Interval, floor, interval, per_face
from latentlab.metrics.responses import Responses, found_span, others_of, slopes, spread_of
from latentlab.scorers.twins import twins_of

FRESH_SEED = 2_000_000_000
"""Evaluation draws its faces from here on; discovery from 0 on."""
SEEDS_APART = 100_000
"""Between the first faces of one evaluation seed and of the next."""
LAST_SEED = 20_000
Embed = Callable[[Tensor], Tensor]
"""Images to embeddings [n d]; NaN rows where no face was found."""


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
    """Mean of the absolute leakage over the other attributes, for each standard deviation of the target."""
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
    per_step: Interval | None = None
    """Total leakage for each step of the direction, whatever the target did."""
    per_face: Interval | None = None
    """Mean over faces of the absolute change of every other attribute, for each standard deviation of the target."""
    floor: float | None = None
    """What `per_face` reads where nothing was done, twice; None where it was not measured, or the network has no noise."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Attributes that are no columns, with the reason."""
    first_seed: int = FRESH_SEED
    """Of the faces."""


@dataclass(frozen=True)
class Evaluate:
    """Move fresh faces by the same steps and score every attribute again (how InterFaceGAN's successors judge)."""

    samples: Annotated[int, Between(10, 10_000_000)] = 200
    """How many faces."""
    strengths: tuple[Strength, ...] = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    """In steps; must hold -1, 0 and 1."""
    psi: Psi = 0.7
    """Truncation of the faces."""
    first_seed: Seed = FRESH_SEED
    """Apart from the seeds of discovery."""
    bootstraps: Annotated[int, Between(1, 1_000_000)] = 1000
    """Resamplings of the faces for the intervals."""
    batch: Batch = 25
    """Faces rendered at once."""
    least: Annotated[int, Between(1, 10_000_000)] = LEAST_FACES
    """An attribute measured on fewer faces is left out."""
    twice: bool = False
    """Also render the unmoved faces with other noise, for the floor of what is measured face by face."""

    @classmethod
    def reaching(cls, farthest: int, seed: int = 0, **fields: Any) -> Evaluate:
        """With whole strengths from `-farthest` to `farthest`, on the faces of an evaluation seed, doing nothing twice."""
        if farthest < 1:
            raise BadInput(f"strengths up to {farthest} move nothing; at least 1: `reach` 3")
        strengths = tuple(float(k) for k in range(-farthest, farthest + 1))
        return cls(strengths=strengths, first_seed=faces_of(seed), twice=True, **fields)

    def __post_init__(self) -> None:
        check(self)
        if not {-1.0, 0.0, 1.0} <= set(self.strengths) or list(self.strengths) != sorted(self.strengths):
            raise BadInput(f"the strengths {self.strengths} must rise and hold -1, 0 and 1")
        if self.samples < 10:
            raise BadInput(f"{self.samples} faces are too few for an interval; at least 10: `samples` 200")

    @torch.no_grad()
    def respond(
        self, generator: Generator, direction: Direction, scorers: Sequence[Scorer], embed: Embed | None = None,
        watch: Watch = silent, second: Sequence[Scorer] = (),
    ) -> Responses:  # fmt: skip
        """Render and score the faces at each strength; the scorers in `second` see the unmoved ones only."""
        direction.check(generator.hash)
        rows, distances, again, others = [], [], [], []
        for start in range(0, self.samples, self.batch):
            count = min(self.batch, self.samples - start)
            base = fresh_latents(generator, self.first_seed + start, count, self.psi, direction)
            pictures = [generator.render(direction.apply(base, strength)) for strength in self.strengths]
            rows.append(torch.stack([_scores(scorers, picture) for picture in pictures]))
            others.append(_scores(second, pictures[self.strengths.index(0.0)]))
            if self.twice:
                noises = [Noise(NoiseMode.RANDOM, self.first_seed + start + k) for k in (0, self.samples)]
                again.append(
                    torch.stack([_scores(scorers, generator.render(base, noise)) for noise in noises])
                )
            if embed is not None:
                found = torch.stack([embed(picture).float().cpu() for picture in pictures])  # [strengths n d]
                distances.append((found - found[self.strengths.index(0.0)]).norm(dim=-1))
            watch(
                (start + count) / self.samples, f"{direction.name}: {start + count} of {self.samples} faces"
            )
        names = tuple(name for scorer in scorers for name in scorer.names)
        known = [name for scorer in second for name in scorer.names]
        return Responses(
            self.strengths, torch.cat(rows, 1), torch.cat(distances, 1) if distances else None, names,
            torch.cat(again, 1) if again else None, dict(zip(known, torch.cat(others).T, strict=True)),
        )  # fmt: skip

    def judge(self, direction: Direction, responses: Responses, target: str | None = None) -> Evaluation:
        """Turn responses into the measured row."""
        target = target or target_of(direction, responses.names)
        names, column = responses.names, responses.names.index(target)
        out = left_out(slopes(responses), responses.unmoved, names, responses.second, self.least)
        self._check_target(target, slopes(responses)[:, column])
        out.pop(target, None)
        spread = spread_of(responses).numpy()
        changes = slopes(responses).numpy()  # [n attributes], own units
        draws = np.random.RandomState(0).randint(len(changes), size=(self.bootstraps, len(changes)))

        per_sd = changes / spread
        means = _means(per_sd[draws])  # [bootstraps attributes]
        center = _means(per_sd[None])[0]
        scale, scales = max(abs(center[column]), 1e-6), np.abs(means[:, column]).clip(1e-6)
        others = [place for place in others_of(target, names) if names[place] not in out]
        leak, leaks = center / scale, means / scales[:, None]
        named = {
            n: interval(leak[i], leaks[:, i]) for i, n in enumerate(names) if i != column and n not in out
        }
        faces, replicas = per_face(per_sd[:, others], scale, scales, draws)
        moved = (responses.scores[1:, :, column] - responses.scores[:-1, :, column]) * np.sign(
            center[column] or 1
        )
        own = changes[:, column] * np.sign(center[column] or 1)
        return Evaluation(
            direction=direction.name,
            target=target,
            n=len(changes),
            step=interval(center[column] * spread[column], means[:, column] * spread[column]),
            step_sd=interval(center[column], means[:, column]),
            leakage={names[i]: named[names[i]] for i in others},
            total_leakage=_total(leak[others], leaks[:, others]),
            per_step=_total(center[others], means[:, others]),
            per_face=interval(faces, replicas),
            floor=self._floor(responses, others, spread, scale),
            identity=self._identity(responses, column, spread[column], draws),
            monotony=float((moved > 0).float().mean()),
            works=float((own > 0.5 * abs(np.nanmean(own))).mean()),
            span=found_span(responses),
            curve=dict(
                zip(responses.strengths, responses.scores[..., column].nanmean(1).tolist(), strict=True)
            ),
            confirmed={name: value for name, value in named.items() if name in twins_of(target)},
            left_out=out,
            first_seed=self.first_seed,
        )

    def _check_target(self, target: str, changes: Tensor) -> None:
        """One line unless the target itself was measured on enough faces."""
        measured = int(torch.isfinite(changes).sum())
        if measured < self.least:
            raise BadInput(
                f"'{target}' was measured on {measured} faces, {self.least} are needed; judge more: `samples` "
                f"{2 * self.least}"
            )

    @staticmethod
    def _floor(responses: Responses, others: list[int], spread: np.ndarray, scale: float) -> float | None:
        if responses.again is None:
            return None
        return floor(responses.again[..., others].numpy(), spread[others], scale)

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
        return interval(at_one_sd(np.arange(distance.shape[1])), replicas)


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


def faces_of(seed: int) -> int:
    """The first face of an evaluation seed: other seeds are other faces, none of them a face of discovery."""
    if not 0 <= seed <= LAST_SEED:
        raise BadInput(f"the evaluation seed {seed} is out of range; give 0 to {LAST_SEED}")
    return FRESH_SEED + SEEDS_APART * seed


def _scores(scorers: Sequence[Scorer], images: Images) -> Tensor:
    """All scores of these pictures on the CPU, [n attributes]."""
    empty = torch.zeros(len(images), 0)
    return torch.cat([empty, *(scorer(images).float().cpu() for scorer in scorers)], 1)


def _means(changes: np.ndarray) -> np.ndarray:
    """[... n attributes] to [... attributes], over the faces that were measured; 0 where none was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without a measured face has no mean
        return np.nan_to_num(np.nanmean(changes, axis=-2))


def _total(leak: np.ndarray, leaks: np.ndarray) -> Interval:
    """Mean of the absolute values, 0 where there is nothing to leak into."""
    if not len(leak):
        return 0.0, 0.0, 0.0
    return interval(np.abs(leak).mean(), np.abs(leaks).mean(1))
