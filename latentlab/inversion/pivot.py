"""Pivotal tuning (Roich et al. 2021, PTI) as a low-rank weight difference that is passed to the generator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.errors import SpaceMismatch
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Space
from latentlab.core.noise import FIXED
from latentlab.core.pivot import Pivot
from latentlab.core.ranges import Between, MoreThan, Patience, PowerOfTwo, Rate, Weight
from latentlab.core.shapes import Images
from latentlab.core.watch import part
from latentlab.inversion.descend import Descend
from latentlab.inversion.descent import Parameters, Schedule, Stop, descend
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish, started
from latentlab.inversion.locality import Locality
from latentlab.inversion.low_rank import fresh_factors, rank_within, rounded
from latentlab.inversion.noise_maps import noise_maps, renormalise, roughness
from latentlab.inversion.objective import Objective

HELD = Descend(steps=100, prior=0.2, delta=0.05)
"""A descent that stays where edits work: what it leaves, the tuning makes up."""


@dataclass(frozen=True)
class PivotalTuning(Inverter):
    """The latent stays; every layer's weight gets a small U·V until the render is the photo.

    All faces of one call share one pivot: give several photos of one person together, different people apart.
    """

    steps: Annotated[int, Between(0, 1_000_000)] = 400
    """At most so many tuning steps."""
    learning_rate: Rate = 0.02
    """Largest learning rate of U and V."""
    rank: Annotated[int, Between(1, 4096)] = 16
    """Largest rank; lowered until the pivot fits `limit_bytes`."""
    coarsest: Annotated[int, PowerOfTwo(4, 1024, zero=True)] = 32
    """Layers of smaller resolution stay as they are, for they carry what edits move (a quarter of the network's, if that
    is less); 0 tunes all of them, as published."""
    limit_bytes: Annotated[int, Between(1, 1_000_000_000)] = 2_000_000
    """What the saved pivot may weigh (two bytes a number), noise maps counted."""
    pixels: Weight = 1.0
    """Weight of the mean squared error."""
    perceptual: Weight = 1.0
    """Weight of the perceptual distance, where one is at hand."""
    enough_psnr: Annotated[float, Between(1, 100)] = 28.3
    """Stop tuning once every photo is reproduced this well, in decibels on the visible part.

    Tuned further, the network draws the photo whatever the latent says: at 33 dB edits of held-out renders reached half
    of what they reach at 30.
    """
    patience: Patience = 40
    """Stop after so many steps without improvement; 0 never."""
    locality: Weight = 0.0
    """Weight of the locality term (published: 0.1): nearby latents must render as before."""
    locality_step: Annotated[float, MoreThan(0, 1000)] = 30.0
    """How far from the pivot's latent "nearby" is, in W (published: 30)."""
    tune_noise: bool = False
    """Also tune the noise maps (counted in `limit_bytes`)."""
    before: Descend = HELD
    """How the latent is found when no start is given: held close to the average, so that it edits well."""

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        start = started(generator, given, len(target))
        start = start or self.before.invert(
            generator, faces, replace(given, watch=part(given.watch, 0.0, 0.5))
        )
        if start.latent.space is Space.Z:
            raise SpaceMismatch("a pivot is tuned around a latent in w, w+ or s, not z; invert there first")

        pivot, steps = self._tune(
            generator, Objective(target, mask, given.distance, self.pixels, self.perceptual), start, given
        )
        noise = FIXED if self.tune_noise else start.noise
        result = finish(generator, (target, mask), start.latent, given, noise=noise, pivot=pivot)
        return replace(result, seconds=watch.seconds, steps=start.steps + steps, method=repr(self))

    def _tune(
        self, generator: Generator, objective: Objective, start: Inversion, given: Given
    ) -> tuple[Pivot, int]:
        model = generator.hash
        maps = noise_maps(generator) if self.tune_noise else {}
        spare = self.limit_bytes - 2 * sum(value.numel() for value in maps.values())
        rank = rank_within(generator, self.rank, spare, self.coarsest)
        random = torch.Generator(device="cpu").manual_seed(given.seed)
        begun = given.start.pivot if given.start else None
        factors = fresh_factors(generator, rank, random, begun, self.coarsest)
        layers = list(factors)
        flat: Parameters = [tensor for pair in factors.values() for tensor in pair]
        flat += [value.detach().clone()[None, None] for value in maps.values()]

        def unpack(tensors: Parameters) -> Pivot:
            pairs = {name: (tensors[2 * k], tensors[2 * k + 1]) for k, name in enumerate(layers)}
            noise = dict(zip(maps, (value[0, 0] for value in tensors[2 * len(layers) :]), strict=True))
            return Pivot(pairs, noise, model)

        styles = generator.lift(start.latent, Space.S).values.detach()
        noise = FIXED if maps else start.noise
        everyone = list(range(len(styles)))
        good = 4 * 10 ** (-self.enough_psnr / 10)  # mean squared error on the [-1, 1] scale
        near = None
        if self.locality:
            near = Locality(generator, start.latent, self.locality_step, noise, given.seed)
        reached = _Reached(good)

        def loss(_: list[int], groups: list[Parameters], step: int) -> Tensor:
            pivot = unpack(groups[0])
            images = generator(styles, noise, pivot, start.latent.correction)
            terms = objective.terms(images, everyone)
            reached.note(terms["pixels"])
            total = objective.pixels * terms["pixels"]
            total = total + objective.perceptual * terms["perceptual"] if "perceptual" in terms else total
            total = total.mean()
            if near is not None and torch.is_grad_enabled():
                total = total + self.locality * near(pivot, step)
            if maps:
                total = total + 1e-2 * roughness(flat[2 * len(layers) :])[0]
            return total[None]

        schedule = Schedule(self.learning_rate, self.steps)
        tracks = descend(
            [flat], loss, schedule, Stop(self.patience, 0.001), after=lambda _: renormalise(flat[2 * len(layers) :]),
            enough=reached, watch=part(given.watch, 0.0 if given.start else 0.5, 1.0),
        )  # fmt: skip
        return rounded(unpack(tracks[0].best)), tracks[0].steps


@dataclass
class _Reached:
    """True once the largest error of the last step was small enough."""

    good: float
    last: float = float("inf")

    def note(self, errors: Tensor) -> None:
        self.last = float(errors.detach().max())

    def __call__(self) -> bool:
        return self.last <= self.good
