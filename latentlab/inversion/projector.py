"""The published StyleGAN2 projector (Karras et al. 2020, appendix D; stylegan2-ada-pytorch's settings)."""

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
from latentlab.core.ranges import Between, MoreThan, Rate, Share, Steps, Weight
from latentlab.core.shapes import Images
from latentlab.inversion.descent import Parameters, Schedule, descend
from latentlab.inversion.inverter import Given, Inverter, Stopwatch, checked, finish, start_in
from latentlab.inversion.noise_maps import noise_maps, renormalise, roughness
from latentlab.inversion.objective import Objective
from latentlab.inversion.precision import Precision, chosen, expect, features_in, synthesise
from latentlab.inversion.statistics import average, w_statistics


@dataclass(frozen=True)
class Projector(Inverter):
    """1,000 steps in W from the average, with fading noise on w, optimised noise maps, and the last step kept."""

    space: Space = Space.W
    """W as published; W+ moves every layer by itself."""
    steps: Steps = 1000
    """Adam steps; none is skipped."""
    learning_rate: Rate = 0.1
    """Largest learning rate."""
    rampup: Share = 0.05
    """Share of the steps in which the rate rises."""
    rampdown: Share = 0.25
    """Share of the steps in which it falls."""
    w_noise: Annotated[float, Between(0, 10)] = 0.05
    """Deviation of the noise on w at the start, as a share of w's own."""
    w_noise_until: Annotated[float, MoreThan(0, 1)] = 0.75
    """Share of the steps after which the noise is gone; it fades as a square."""
    regularise_noise: Weight = 1e5
    """Weight that keeps the noise maps noise."""
    pixels: Weight = 0.0
    """Weight of the mean squared error; the published projector has none (1 is used where no perceptual distance is)."""
    precision: Precision = "fp32"
    """fp32 as published; bf16 (or auto, where the device is made for it) for the steps and their distance; the result is fp32."""

    def __post_init__(self) -> None:
        super().__post_init__()
        expect(self.precision)
        if self.space not in {Space.W, Space.W_PLUS}:
            raise BadInput(
                f"the published projector works in w or w+, not in {self.space.name.lower()}; use descend"
            )

    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:  # noqa: B008
        watch = Stopwatch(generator.device)
        target, mask = checked(generator, faces, given)
        objective = Objective(target, mask, given.distance, self.pixels or float(given.distance is None))
        names = list(noise_maps(generator))
        start = start_in(generator, given, self.space, len(target)) or average(
            generator, self.space, len(target)
        )
        parameters = self._parameters(generator, start, given.seed)
        draws = [torch.Generator(device="cpu").manual_seed(given.seed) for _ in parameters]
        spread, half = w_statistics(generator).spread, chosen(self.precision, generator)

        def loss(rows: list[int], groups: list[Parameters], step: int) -> Tensor:
            w = torch.cat([one[0] for one in groups])
            fading = max(0.0, 1 - step / (self.steps * self.w_noise_until)) ** 2
            noise = [torch.randn(w.shape[1:], generator=draws[i]) for i in rows]
            w = w + torch.stack(noise).to(w) * (spread * self.w_noise * fading)
            maps = {name: torch.cat([one[1 + k] for one in groups]) for k, name in enumerate(names)}
            styles = generator.lift(Latent(self.space, w), Space.S).values
            images = synthesise(generator, styles, Noise(maps=maps) if maps else FIXED, None, None, half=half)
            with features_in(half=half, device=images.device):
                total = objective(images, rows)
            return total + self.regularise_noise * roughness(maps.values()) if maps else total

        def after(rows: list[int]) -> None:
            for i in rows:
                renormalise(parameters[i][1:])

        schedule = Schedule(self.learning_rate, self.steps, self.rampup, self.rampdown)
        tracks = descend(parameters, loss, schedule, keep_last=True, after=after, watch=given.watch)
        latent = Latent(self.space, torch.cat([track.best[0] for track in tracks]))
        maps = {name: torch.cat([track.best[1 + k] for track in tracks]) for k, name in enumerate(names)}
        noise = Noise(maps=maps) if maps else FIXED
        result = finish(generator, (target, mask), latent, given, noise=noise)
        return replace(result, seconds=watch.seconds, steps=self.steps, method=repr(self))

    @staticmethod
    def _parameters(generator: Generator, start: Latent, seed: int) -> list[Parameters]:
        """For every face its w and fresh noise maps [1 1 h w]."""
        sizes = noise_maps(generator)
        parameters = []
        for row in start.values.split(1):
            random = torch.Generator(device="cpu").manual_seed(seed)
            fresh = [torch.randn(1, 1, *stored.shape, generator=random).to(row) for stored in sizes.values()]
            parameters.append([row.detach().clone(), *fresh])
        return parameters
