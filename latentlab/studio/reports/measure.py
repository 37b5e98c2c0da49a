"""Samples of a network against real pictures, in every feature space that is at hand, each figure named after its space."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.errors import BadFile, BadInput, MissingPart
from latentlab.core.image import load_image
from latentlab.core.ranges import ComparedSamples, Psi, SamplesOrNone, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.studio.lab import Lab
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.shelf.companions import find_distance

if TYPE_CHECKING:
    from latentlab.metrics.compare import Comparison
    from latentlab.metrics.features import Space

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
BATCH = 16
FEWEST = 16
HELD_OUT_SEED = 900_001
"""Renders that no training here draws."""


@dataclass(frozen=True)
class Compare:
    """What is compared, and with how many pictures."""

    data: str = "renders"
    """A folder of real pictures, or 'renders': fresh faces of the face world."""
    n: ComparedSamples = 1000
    """How many samples, and at most as many real pictures."""
    psi: Psi = 1.0
    """Truncation of the samples."""
    dlib: SamplesOrNone = 500
    """At most so many faces in dlib's space (0.1 s a face); 0 leaves it out."""
    path_length: SamplesOrNone = 0
    """Samples for the perceptual path length; 0 leaves it out."""
    inception: Path | None = None
    """Inception weights of torch-fidelity, for FID and KID; found by themselves where torch keeps its downloads."""

    def __post_init__(self) -> None:
        check(self)
        if self.n < FEWEST:
            raise BadInput(
                f"{self.n} pictures are too few to compare distributions; `n` is at least {FEWEST}"
            )


@dataclass(frozen=True, eq=False)
class Compared:
    """What a comparison comes to."""

    spaces: list[Comparison]
    """One for each feature space."""
    lengths: dict[str, float]
    """Perceptual path lengths, by the name of the distance."""


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches that can be gone through again, made anew each time."""

    make: Callable[[], Iterator[Images]]

    def __iter__(self) -> Iterator[Images]:
        return self.make()


def measure(studio: Lab, how: Compare, watch: Watch | None = None) -> Compared:
    """A comparison for each space, and the path length."""
    from latentlab.metrics.compare import compare, samples
    from latentlab.metrics.path_length import path_length

    generator, tell = studio.generator, studio.tell(watch)
    real, count = real_pictures(studio, how)
    found, spaces = [], spaces_of(studio, how)
    for place, (space, most) in enumerate(spaces):
        tell(place / (len(spaces) + 1), space.name)
        n = min(how.n, most)
        made = Batches(lambda n=n: samples(generator, n, how.psi, studio.seed, BATCH))  # type: ignore[misc]
        try:
            found += compare(_first(real, min(count, n)), made, [space])  # type: ignore[arg-type]
        except BadInput as error:  # dlib sees no face in unfinished samples
            warnings.warn(f"left out: {error}", stacklevel=2)
    lengths = {}
    if how.path_length:
        distance = find_distance(studio)
        if distance is None:
            raise MissingPart(
                "the path length needs a perceptual distance; this network has no discriminator beside it, nor is LPIPS here"
            )
        tell(len(spaces) / (len(spaces) + 1), "path length")
        lengths[f"path length (w, full, {distance.name})"] = path_length(
            generator, distance, how.path_length, seed=studio.seed
        )
    return Compared(found, lengths)


def real_pictures(studio: Lab, how: Compare) -> tuple[Batches, int]:
    """The real pictures at the network's resolution, and how many there are."""
    side = studio.generator.resolution
    if how.data == "renders":
        from latentlab.data.live_renders import LiveRenders

        source = LiveRenders(side, HELD_OUT_SEED, device=str(studio.place))
        return Batches(lambda: (source(run)["images"] for run in _runs(range(how.n)))), how.n
    files = picture_files(Path(how.data))[: how.n]
    if len(files) < FEWEST:
        raise BadInput(
            f"{how.data} holds {len(files)} pictures; at least {FEWEST} are needed to compare distributions"
        )
    return Batches(lambda: (_load(run, side).to(studio.place) for run in _runs(files))), len(files)


def picture_files(folder: Path) -> list[Path]:
    """Every picture below a folder (of a rendered set: its images, not its masks), by name."""
    if not folder.is_dir():
        raise BadFile(f"there is no folder {folder}; name a folder of pictures, or 'renders'")
    root = (
        folder / "images" if (folder / "manifest.json").is_file() and (folder / "images").is_dir() else folder
    )
    return sorted(path for path in root.rglob("*") if path.suffix.lower() in PICTURES)


def spaces_of(studio: Lab, how: Compare) -> list[tuple[Space, int]]:
    """The feature spaces that are at hand, with the most pictures each is to see; what is missing is said."""
    from latentlab.metrics import features
    from latentlab.studio.shelf.companions import judge

    makers: list[tuple[Callable[[], Any], int]] = [
        (lambda: features.inception_space(how.inception, studio.place), how.n),
        (lambda: features.scorer_space(judge(studio), "judge"), how.n),
    ]
    discriminator = discriminator_of(studio)
    if discriminator is not None:
        makers.append((lambda: features.discriminator_space(discriminator), how.n))
    if how.dlib:
        makers.append((features.dlib_space, how.dlib))
    found = []
    for maker, most in makers:
        try:
            found.append((maker(), most))
        except MissingPart as error:
            if how.inception is not None and "FID" in str(error):
                raise
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not found:
        raise MissingPart(
            "no feature space is at hand: no judge, no discriminator beside the network, and `dlib` is 0"
        )
    return found


def _first(batches: Batches, count: int) -> Batches:
    def cut() -> Iterator[Images]:
        left = count
        for images in batches:
            if left <= 0:
                return
            yield images[:left]
            left -= len(images)

    return Batches(cut)


def _runs(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _load(files: Sequence[Path], side: int) -> Images:
    return torch.cat([load_image(file, side) for file in files])
