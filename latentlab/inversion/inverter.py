"""What every inverter is: a frozen dataclass that brings aligned faces home to a latent of the generator."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentlab.core.distance import Distance
from latentlab.core.errors import BadInput, SpaceMismatch, WrongGenerator
from latentlab.core.generator import Generator
from latentlab.core.inversion import Inversion
from latentlab.core.latent import Latent, Space
from latentlab.core.noise import FIXED, Noise
from latentlab.core.pivot import Pivot
from latentlab.core.ranges import check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent


@dataclass(frozen=True, eq=False)
class Given:
    """What an inverter works with besides its own fields: networks, a start, a mask, a seed."""

    start: Inversion | None = None
    """Another inverter's result to begin from."""
    mask: Tensor | None = None
    """[n 1 h w] or [1 1 h w]: 1 where the photo counts, 0 where an occluder hides the face."""
    encoder: nn.Module | None = None
    """Pictures to W+ (or W), for the methods that need or like one."""
    distance: Distance | None = None
    """Perceptual distance; without one, pixels and MS-SSIM alone decide."""
    seed: int = 0
    """Every sample of a batch draws from this seed, so none depends on its neighbours."""
    watch: Watch = silent
    measured: bool = True
    """Whether the result is measured; else its error alone is."""

    @property
    def distance_name(self) -> str:
        """What the perceptual distance is; empty where there is none."""
        return "" if self.distance is None else self.distance.name


@dataclass(frozen=True)
class Inverter(ABC):
    """Faces in, `Inversion` out; subclasses are final."""

    batched: ClassVar[bool] = False
    """Whether strangers' faces may share a call: quicker, and each comes out as alone but for rounding."""

    def __post_init__(self) -> None:
        check(self)

    @abstractmethod
    def invert(self, generator: Generator, faces: Images, given: Given = Given()) -> Inversion:
        """Invert aligned faces [n 3 h w] in [-1, 1], of any size."""


def checked(generator: Generator, faces: Images, given: Given) -> tuple[Images, Tensor]:
    """The faces at the generator's resolution and the mask as [n 1 r r] of zeros and ones."""
    from latentlab.inversion.resize import resize

    if faces.ndim != 4 or faces.shape[1] != 3 or not len(faces):
        raise BadInput(f"an inverter takes faces of the shape [n 3 h w], these have {tuple(faces.shape)}")
    if not torch.isfinite(faces).all():
        raise BadInput("the faces hold NaN or infinite values; read the pictures again")
    faces = resize(faces.to(generator.device, generator.w_average.dtype), generator.resolution)
    mask = faces.new_ones(len(faces), 1, *faces.shape[2:])
    if given.mask is None:
        return faces, mask
    if given.mask.ndim != 4 or given.mask.shape[1] != 1 or given.mask.shape[0] not in {1, len(faces)}:
        raise BadInput(f"a mask has the shape [n 1 h w], this one has {tuple(given.mask.shape)}")
    chosen = (resize(given.mask.to(faces), generator.resolution) > 0.5).to(faces)
    if not chosen.flatten(1).any(dim=1).all():
        raise BadInput(
            "the mask hides the whole face; it is white where the photo counts, black where it does not"
        )
    return faces, mask * chosen


def started(generator: Generator, given: Given, count: int) -> Inversion | None:
    """The start, if there is one and it fits: this network's, and one latent for each face."""
    start = given.start
    if start is None:
        return None
    if start.model and start.model != generator.hash:
        raise WrongGenerator(
            f"the start was inverted in network {start.model[:12]}, this is {generator.hash[:12]}; "
            "invert the photo in this network first"
        )
    if len(start.latent) != count:
        raise BadInput(f"the start has {len(start.latent)} latents for {count} faces; give one for each")
    return start


def start_in(generator: Generator, given: Given, space: Space, count: int) -> Latent | None:
    """The latent to begin from, lifted to `space`; an inverter's start may stand below its space, never above."""
    start = started(generator, given, count)
    if start is None:
        return None
    if start.latent.space > space:
        raise SpaceMismatch(
            f"the start lives in {start.latent.space.name}, above {space.name}; start from a result in "
            f"{space.name} or below, or invert in {start.latent.space.name}"
        )
    with torch.no_grad():
        return generator.lift(start.latent, space)


@dataclass
class Stopwatch:
    """Seconds since it was made; on a GPU only once the work is done."""

    device: torch.device

    def __post_init__(self) -> None:
        self.began = self.now()

    def now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    @property
    def seconds(self) -> float:
        return self.now() - self.began


def finish(
    generator: Generator,
    target: tuple[Images, Tensor],
    latent: Latent,
    given: Given,
    result: Inversion | None = None,
    *,
    noise: Noise = FIXED,
    pivot: Pivot | None = None,
) -> Inversion:
    """Render the latent once more as any reader of the saved file will, and measure what came out."""
    from latentlab.inversion.measure import error_alone, measure

    with torch.no_grad():
        image = generator.render(latent, noise, pivot)
    measures = (
        measure(generator, image, target, latent, given) if given.measured else error_alone(image, target)
    )
    made = result or Inversion(latent, image, measures["mse"])
    return replace(
        made, latent=latent, image=image, error=measures["mse"], noise=noise, pivot=pivot, measures=measures,
        model=generator.hash,
    )  # fmt: skip
