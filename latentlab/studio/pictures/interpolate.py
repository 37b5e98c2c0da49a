"""A path through latent space from sample to sample: straight, on the sphere, or a smooth spline through all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.generator import Generator
from latentlab.core.latent import Latent, Space
from latentlab.core.ranges import Frames, Seed, check
from latentlab.core.seeds import check_seed, draw_z
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.rendering import Rendering, batch_size
from latentlab.studio.pictures.video import Video
from latentlab.studio.pictures.walk import walker
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.networks import one_hot

MOST_FRAMES = 100_000
OWN = ("space", "path", "frames", "loop", "latents")


@dataclass(frozen=True)
class Interpolate:
    """Which samples the video passes, and how it moves between them."""

    seeds: tuple[Seed, ...] | None = None
    """Seeds of the samples that the video passes, in this order, 0 to 3 if left out; of saved latents which of them, else all."""
    space: Literal["w", "z"] = "w"
    """Where the path lies: w moves evenly, z keeps to typical faces."""
    path: Literal["spline", "linear", "slerp"] = "spline"
    """Smooth through all samples, straight, or on the sphere (around the average in w)."""
    frames: Frames = 60
    """Frames from one sample to the next."""
    loop: bool = False
    """Return to the first sample, without a jump."""
    latents: tuple[Path, ...] = ()
    """Files of saved latents instead of seeds, counted on from file to file."""
    rendering: Rendering = field(default_factory=Rendering, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        if not 1 <= self.frames <= MOST_FRAMES:
            raise BadInput(f"`frames` is {self.frames}; it goes from 1 to {MOST_FRAMES}")
        if self.latents and self.seeds is None:
            return  # their number is known once they are read
        keys = self.numbers
        if len(keys) < 2:
            raise BadInput(
                f"a video needs at least two samples, {len(keys)} is too few; for example the seeds 0, 1, 2"
            )
        for seed in keys:
            check_seed(seed)
        if self.frames * len(keys) > MOST_FRAMES:
            raise BadInput(
                f"{len(keys)} samples with {self.frames} frames each are more than {MOST_FRAMES} frames"
            )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The seeds, or the places of saved latents."""
        return tuple(range(4)) if self.seeds is None else self.seeds

    def count(self) -> int:
        """Frames of the whole video; without a loop it ends on the last sample."""
        legs = len(self.numbers) - (0 if self.loop else 1)
        return legs * self.frames + (0 if self.loop else 1)


def choose_interpolation(seeds: tuple[int, ...] | None, psi: float, fields: Mapping[str, Any]) -> Interpolate:
    """The request by its fields and those of its rendering, told apart."""
    rendering = {name: value for name, value in fields.items() if name not in OWN}
    own = {name: value for name, value in fields.items() if name in OWN}
    return Interpolate(seeds, rendering=Rendering(psi, **rendering), **own)


@dataclass(frozen=True, eq=False)
class OpenWalk:
    """A video whose samples are known to be there."""

    studio: Lab
    request: Interpolate
    """With every sample named, and a rendering that fits the network."""
    keys: Latent
    """What it passes, one for each of `request.numbers`."""
    given: Ingredients

    def frames(self, watch: Watch | None = None) -> Iterator[Tensor]:
        """One after another, each [3 h w]."""
        return _frames(self, self.studio.tell(watch))

    def film(self, out: Path, fps: int = 30, watch: Watch | None = None) -> Path:
        """Write the video (mp4 or gif, by the file's ending); returns its path."""
        told = recipe(self.studio, "interpolate", self.request, self.given.noted)
        return Video(out, fps).save(self.frames(watch), told)


def open_walk(studio: Lab, request: Interpolate) -> OpenWalk:
    """Everything checked before the first frame."""
    given = Ingredients(studio)
    request = replace(request, rendering=request.rendering.fitted(studio.generator))
    if not request.latents:
        return OpenWalk(studio, request, _of_seeds(studio.generator, request), given)
    found = [given.latents(path, f"latents {place}") for place, path in enumerate(request.latents)]
    keys = _joined(studio.generator, found, request)
    request = replace(request, seeds=tuple(range(len(keys))) if request.seeds is None else request.seeds)
    if beyond := [number for number in request.numbers if number >= len(keys)]:
        raise BadInput(f"there is no latent {beyond[0]}; the files hold {len(keys)}, counted from 0")
    return OpenWalk(studio, request, Latent(keys.space, keys.values[list(request.numbers)]), given)


def draw(studio: Lab, request: Interpolate, watch: Watch | None = None) -> Iterator[Tensor]:
    """The frames one after another, each [3 h w]; checked before the first."""
    return open_walk(studio, request).frames(watch)


def _frames(walk: OpenWalk, tell: Watch) -> Iterator[Tensor]:
    generator, request, keys = walk.studio.generator, walk.request, walk.keys
    total, look = request.count(), request.rendering
    # the noise of a batch differs by sample
    size = 1 if look.noise == "random" else batch_size(generator)
    path = walker(
        request.path, keys.values.flatten(1).double().cpu(), _centre(generator, keys), loop=request.loop
    )
    for start in range(0, total, size):
        times = torch.arange(start, min(start + size, total)).double() / request.frames
        with torch.no_grad():
            values = path(times).to(keys.values).unflatten(1, keys.values.shape[1:])
            latent = look.pull(generator, Latent(keys.space, values))
            images = look.synthesise(generator, latent, request.numbers[0])
        yield from images
        tell((start + len(images)) / total, f"frame {start + len(images)} of {total}")


def _centre(generator: Generator, keys: Latent) -> Tensor | None:
    """What a path on the sphere turns around: the average in w and W+, the origin in z."""
    if keys.space is Space.Z:
        return None
    average = generator.w_average.double().cpu()
    if keys.space is Space.W:
        return average.mean(0) if average.ndim == 2 else average
    return average.expand(keys.values.shape[1:]).flatten()


def _of_seeds(generator: Generator, request: Interpolate) -> Latent:
    latent = Latent(Space.Z, draw_z(request.numbers, generator.z_width).to(generator.device))
    return latent if request.space == "z" else _lifted(generator, latent, Space.W, request)


def _joined(generator: Generator, found: Sequence[Latent], request: Interpolate) -> Latent:
    """Saved latents of several files in one space: z where that is asked for, else w or W+."""
    highest = max(latent.space for latent in found)
    if highest is Space.S or (request.space == "z" and highest is not Space.Z):
        wanted = "z" if request.space == "z" else "z, w or W+"
        raise BadInput(
            f"the path is to lie in {wanted}, but these latents are in {highest.name}; write `space` w"
        )
    space = Space.Z if request.space == "z" else max(highest, Space.W)
    lifted = [_lifted(generator, latent, space, request).values for latent in found]
    return Latent(space, torch.cat(lifted))


@torch.no_grad()
def _lifted(generator: Generator, latent: Latent, space: Space, request: Interpolate) -> Latent:
    values = Latent(latent.space, latent.values.to(generator.device))
    if latent.space is not Space.Z:
        return generator.lift(values, space)
    return generator.lift(values, space, one_hot(generator, request.rendering.class_, len(latent)))
