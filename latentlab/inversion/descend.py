"""Optimisation of a latent, started well and kept where the generator's own latents lie, so that it edits well.

The prior is the Mahalanobis distance of Zhu et al. 2020 (Improved StyleGAN Embedding), the delta term that of
Tov et al. 2021 (e4e); the descent runs in whitened coordinates, where a few dozen steps do what hundreds did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.ranges import Between, Patience, Rate, Weight
from latentlab.core.seeds import draw_z
from latentlab.core.shapes import Images
from latentlab.inversion.chart import Chart, chart
from latentlab.inversion.descent import Parameters, Schedule, Stop, descend
from latentlab.inversion.encode import first_sight, settle
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish, start_in
from latentlab.inversion.objective import Objective
from latentlab.inversion.precision import Precision, chosen, synthesise
from latentlab.inversion.statistics import sample_w

PULL = 0.7
"""Candidates to begin at are drawn nearer to the average than the prior lies."""


@dataclass(frozen=True)
class Descend(Inverter):
    """Adam on the latent, from the encoder's answer or the nearest of a few samples, until it no longer improves."""

    space: Space = Space.W_PLUS
    """Where to look: z, w, w+ or s; higher is closer to the photo, lower edits better."""
    steps: Annotated[int, Between(0, 1_000_000)] = 140
    """At most so many steps."""
    learning_rate: Rate = 0.3
    """Largest step, in deviations of the space."""
    pixels: Weight = 0.5
    """Weight of the mean squared error."""
    perceptual: Weight = 1.0
    """Weight of the perceptual distance, where one is at hand."""
    prior: Weight = 0.01
    """Weight of the squared Mahalanobis distance to the average: higher edits better, lower reproduces better."""
    delta: Weight = 0.01
    """Weight of the layers' distance to their mean (w+ only)."""
    patience: Patience = 20
    """Stop a photo after so many steps without improvement; 0 never."""
    candidates: Annotated[int, Between(0, 100_000)] = 24
    """Without encoder or start: begin at the nearest of so many samples, or the average."""

    precision: Precision = "auto"
    """bf16 halves the time where the device is made for it; the result is rendered in fp32."""

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        objective = Objective(target, mask, given.distance, self.pixels, self.perceptual)
        frame = chart(generator, self.space)
        noise = given.start.noise if given.start else FIXED
        pivot = given.start.pivot if given.start else None
        half = chosen(self.precision, generator)
        start = self._start(generator, faces, objective, given)

        coordinates = frame.inwards(start.values).detach()
        parameters: list[Parameters] = [[row.clone()] for row in coordinates.split(1)]

        def loss(rows: list[int], groups: list[Parameters], step: int) -> Tensor:
            here = torch.cat([one for (one,) in groups])
            latent = generator.lift(self._latent(frame, here, start, rows), Space.S)
            maps = _noise_of(noise, rows, len(target))
            images = synthesise(generator, latent.values, maps, pivot, latent.correction, half=half)
            return (
                objective(images, rows) + self.prior * frame.distance(here) + self.delta * frame.delta(here)
            )

        schedule, stop = Schedule(self.learning_rate, self.steps), Stop(self.patience)
        tracks = descend(parameters, loss, schedule, stop, watch=given.watch)
        best = torch.cat([track.best[0] for track in tracks])
        latent = self._latent(frame, best, start, list(range(len(target))))
        result = finish(generator, (target, mask), latent, given, noise=noise, pivot=pivot)
        steps = max(track.steps for track in tracks) + (given.start.steps if given.start else 0)
        return replace(result, seconds=watch.seconds, steps=steps, method=repr(self))

    @staticmethod
    def _latent(frame: Chart, coordinates: Tensor, start: Latent, rows: list[int]) -> Latent:
        latent = frame.latent(coordinates)
        if start.correction is None:
            return latent
        return replace(latent, correction=replace(start.correction, values=start.correction.values[rows]))

    def _start(self, generator: Generator, faces: Images, objective: Objective, given: Given) -> Latent:
        if self.space is Space.Z and generator.condition_width:
            raise BadInput(
                "z of a class-conditional network means nothing without its class; invert in w or above"
            )
        begun = start_in(generator, given, self.space, len(faces))
        if begun is not None:
            return begun
        with torch.no_grad():
            if given.encoder is not None and self.space >= Space.W_PLUS:
                filled = first_sight(generator, faces, objective.target, objective.mask)
                return generator.lift(settle(given.encoder, generator, filled), self.space)
            return self._nearest(generator, objective, given.seed)

    def _nearest(self, generator: Generator, objective: Objective, seed: int) -> Latent:
        """For every face the best of the average and some (truncated) samples."""
        found = self._samples(generator, seed)
        images = torch.cat([generator.render(found[slice(i, i + 8)]) for i in range(0, len(found), 8)])
        best = []
        for row in range(len(objective.target)):
            errors = [objective(part, [row] * len(part)) for part in images.split(8)]
            best.append(int(torch.cat(errors).argmin()))
        return found.with_values(found.values[best])

    def _samples(self, generator: Generator, seed: int) -> Latent:
        """The average and the candidates, these pulled towards it: in Z as drawn, else in whitened coordinates of W."""
        if self.space is Space.Z:
            seeds = range(seed, seed + 1 + self.candidates)
            return Latent(Space.Z, draw_z(seeds, generator.z_width).to(generator.w_average))
        frame = chart(generator, Space.W)
        middle = generator.w_average.new_zeros(1, generator.w_width)
        drawn = frame.inwards(sample_w(generator, self.candidates, seed)) if self.candidates else middle[:0]
        return generator.lift(frame.latent(torch.cat([middle, PULL * drawn])), self.space)


def _noise_of(noise: Noise, rows: list[int], total: int) -> Noise:
    """The maps of some samples of a batch; maps that all share stay as they are."""
    if not noise.maps or len(rows) == total:
        return noise
    maps = {
        name: value[rows] if value.ndim == 4 and len(value) == total else value
        for name, value in noise.maps.items()
    }
    return replace(noise, maps=maps)
