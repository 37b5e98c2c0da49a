"""A path through latent space from sample to sample: straight, on the sphere, or a smooth spline through all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.networks import one_hot

MOST_FRAMES = 100_000
OWN = ("space", "path", "frames", "loop")


@dataclass(frozen=True)
class Interpolate:
    """Which samples the video passes, and how it moves between them."""

    seeds: tuple[Seed, ...] = (0, 1, 2, 3)
    """Seeds of the samples that the video passes, in this order."""
    space: Literal["w", "z"] = "w"
    """Where the path lies: w moves evenly, z keeps to typical faces."""
    path: Literal["spline", "linear", "slerp"] = "spline"
    """Smooth through all samples, straight, or on the sphere (around the average in w)."""
    frames: Frames = 60
    """Frames from one sample to the next."""
    loop: bool = False
    """Return to the first sample, without a jump."""
    rendering: Rendering = field(default_factory=Rendering, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        if not 1 <= self.frames <= MOST_FRAMES:
            raise BadInput(f"`frames` is {self.frames}; it goes from 1 to {MOST_FRAMES}")
        if len(self.seeds) < 2:
            raise BadInput(
                f"a video needs at least two seeds, {len(self.seeds)} is too few; for example 0, 1, 2"
            )
        for seed in self.seeds:
            check_seed(seed)
        if self.frames * len(self.seeds) > MOST_FRAMES:
            raise BadInput(
                f"{len(self.seeds)} seeds with {self.frames} frames each are more than {MOST_FRAMES} frames"
            )

    def count(self) -> int:
        """Frames of the whole video; without a loop it ends on the last sample."""
        legs = len(self.seeds) - (0 if self.loop else 1)
        return legs * self.frames + (0 if self.loop else 1)


def choose_interpolation(seeds: tuple[int, ...], psi: float, fields: Mapping[str, Any]) -> Interpolate:
    """The request by its fields and those of its rendering, told apart."""
    rendering = {name: value for name, value in fields.items() if name not in OWN}
    own = {name: value for name, value in fields.items() if name in OWN}
    return Interpolate(seeds, rendering=Rendering(psi, **rendering), **own)


def draw(studio: Lab, request: Interpolate, watch: Watch | None = None) -> Iterator[Tensor]:
    """The frames one after another, each [3 h w]; checked before the first."""
    look = request.rendering.fitted(studio.generator)
    return _frames(studio, replace(request, rendering=look), studio.tell(watch))


def film(studio: Lab, request: Interpolate, out: Path, fps: int = 30, watch: Watch | None = None) -> Path:
    """Write the video (mp4 or gif, by the file's ending); returns its path."""
    video = Video(out, fps)
    return video.save(draw(studio, request, watch), recipe(studio, "interpolate", request))


def _frames(studio: Lab, request: Interpolate, tell: Watch) -> Iterator[Tensor]:
    generator, total, look = studio.generator, request.count(), request.rendering
    # the noise of a batch differs by sample
    size = 1 if look.noise == "random" else batch_size(generator)
    keys = _keys(generator, request)
    walk = walker(
        request.path, keys.values.double().cpu(), _centre(generator, request.space), loop=request.loop
    )
    for start in range(0, total, size):
        times = torch.arange(start, min(start + size, total)).double() / request.frames
        with torch.no_grad():
            latent = look.pull(generator, Latent(keys.space, walk(times).to(keys.values)))
            images = look.synthesise(generator, latent, request.seeds[0])
        yield from images
        tell((start + len(images)) / total, f"frame {start + len(images)} of {total}")


def _centre(generator: Generator, space: str) -> Tensor | None:
    """What a path on the sphere turns around: the average in w, the origin in z."""
    if space == "z":
        return None
    average = generator.w_average.double().cpu()
    return average.mean(0) if average.ndim == 2 else average


def _keys(generator: Generator, request: Interpolate) -> Latent:
    latent = Latent(Space.Z, draw_z(request.seeds, generator.z_width).to(generator.device))
    if request.space == "z":
        return latent
    with torch.no_grad():
        return generator.lift(
            latent, Space.W, one_hot(generator, request.rendering.class_, len(request.seeds))
        )
