"""How latents become pictures: truncation, noise and class, checked at the door; one meaning for every command."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from secrets import randbelow
from typing import Literal

from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import Noise, NoiseMode
from latentlab.core.ranges import ClassNumber, LayerCount, Psi, Seed, check
from latentlab.core.seeds import draw_z
from latentlab.inversion.precision import Precision, expect
from latentlab.studio.pictures.precision import render, settled
from latentlab.studio.shelf.networks import one_hot

LARGEST_NOISE_SEED = 2**63 - 2**32


@dataclass(frozen=True)
class Rendering:
    """How samples are drawn."""

    psi: Psi = 1.0
    """Truncation: 1 is none, 0 the average face, .7 shows fewer and better faces."""
    cutoff: LayerCount | None = None
    """Truncate the first K layers only; if left out, all (StyleGAN1: the first 8, as published)."""
    noise: Literal["const", "random", "none"] = "const"
    """The noise inputs: const are those stored with the network."""
    noise_seed: Seed | None = None
    """With random noise: makes it repeatable; the picture of seed S draws its noise from N + S."""
    class_: ClassNumber | None = None
    """The class to draw; needed by conditional networks."""
    precision: Precision | None = None
    """Numbers to draw in: fp32 if left out, bf16, or auto for bf16 where that is faster here and looks alike."""

    def __post_init__(self) -> None:
        check(self)
        """What no network can do is refused before one is loaded."""
        expect(self.precision)
        if not math.isfinite(self.psi):
            raise BadInput(f"`psi` is {self.psi}; truncation needs a finite number, usually from 0 to 1")
        if self.noise not in ("const", "random", "none"):
            raise BadInput(f"'{self.noise}' is no kind of noise; write const, random or none")
        if self.noise_seed is not None and self.noise != "random":
            raise BadInput(
                f"`noise_seed` {self.noise_seed} has no effect with `noise` {self.noise}; add `noise` random"
            )
        if not 0 <= (self.noise_seed or 0) <= LARGEST_NOISE_SEED:
            raise BadInput(f"`noise_seed` {self.noise_seed} is out of range; write 0 to {LARGEST_NOISE_SEED}")

    def fitted(self, generator: Generator) -> Rendering:
        """Itself, fit for this network; raises BadInput for what the network does not have."""

        if self.cutoff is not None and not 0 <= self.cutoff <= generator.layers:
            raise BadInput(
                f"`cutoff` {self.cutoff} is out of range; this network has {generator.layers} layers"
            )
        one_hot(generator, self.class_)
        fit = replace(self, precision=settled(self.precision, generator))
        return fit._with_published_cutoff(generator)._with_noise_seed()

    def _with_published_cutoff(self, generator: Generator) -> Rendering:
        """A network whose file says how far truncation reaches is truncated so far, unless told otherwise."""
        own = getattr(generator, "truncation_cutoff", None)
        if self.cutoff is not None or self.psi == 1 or own is None:
            return self
        return replace(self, cutoff=min(own, generator.layers))

    def _with_noise_seed(self) -> Rendering:
        """Random noise without a seed gets one, so that the picture can be made again."""
        if self.noise != "random" or self.noise_seed is not None:
            return self

        return replace(self, noise_seed=randbelow(2**31))

    def map_seeds(self, generator: Generator, seeds: Sequence[int]) -> Latent:
        """Seeds, as in the published tools, to truncated W+."""

        z = draw_z(seeds, generator.z_width).to(generator.device)
        return self.pull(generator, Latent(Space.Z, z))

    def samples(self, generator: Generator, numbers: Sequence[int], saved: Latent | None = None) -> Latent:
        """Truncated latents of seeds, or of so many rows of saved latents."""
        if saved is None:
            return self.map_seeds(generator, numbers)
        rows = saved.values[list(numbers)].to(generator.device)
        return self.pull(generator, Latent(saved.space, rows))

    def pull(self, generator: Generator, latent: Latent) -> Latent:
        """A latent of Z, W or W+ as truncated W+; S passes as it is, since nothing leads back from it."""

        if latent.space is Space.S:
            if self.psi != 1:
                raise BadInput(
                    f"`psi` {self.psi} cannot truncate a latent in S; truncation works in W and W+"
                )
            return latent
        condition = one_hot(generator, self.class_, len(latent)) if latent.space is Space.Z else None
        climbed = generator.lift(latent, Space.W_PLUS, condition)
        pulled = generator.truncate(climbed.values, self.psi, self.cutoff)
        return Latent(Space.W_PLUS, pulled, latent.correction)

    def noise_for(self, first: int) -> Noise:
        """The noise of a batch whose samples are numbered on from `first`."""

        seed = None if self.noise_seed is None else self.noise_seed + first
        return Noise(NoiseMode(self.noise), seed)

    def synthesise(self, generator: Generator, latent: Latent, first: int) -> Tensor:
        """Images of truncated latents [n 3 h w]."""
        return render(generator, latent, self.noise_for(first), precision=self.precision)

    def batches(self, numbers: Sequence[int], size: int) -> Iterator[slice]:
        """Runs of at most `size`; with random noise the numbers in a run follow each other, as their noise does."""
        start = 0
        for end in range(1, len(numbers) + 1):
            full = end - start == size or end == len(numbers)
            if full or (self.noise == "random" and numbers[end] != numbers[end - 1] + 1):
                yield slice(start, end)
                start = end


def batch_size(generator: Generator) -> int:
    """How many pictures at once suit the device: the same pixels as one by one, within rounding."""
    if generator.device.type == "cuda":
        return 8
    return 4 if generator.resolution <= 128 else 1  # larger ones gain nothing, and one by one replays exactly
