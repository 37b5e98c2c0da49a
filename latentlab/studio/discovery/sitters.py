"""On whom spans are measured: samples of the network, held-out renders, photographs; each looked at once, unmoved."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.latent import Latent
from latentlab.core.shapes import Images
from latentlab.editing.apply import apply
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene
from latentlab.editing.transfer.visibility import torn
from latentlab.metrics.spans import Look
from latentlab.networks.regressor import fit_to
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.carry import SMALLEST, Carrier, usual

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer
    from latentlab.faces.landmarks import FoundLandmarks

SAMPLE_SEED = 1_900_000_000
"""Samples apart from those of discovery, calibration and judging."""
PSI = 0.7
RENDER_SEED = 990_601
"""Nobody trains on these faces."""


@dataclass(frozen=True, eq=False)
class Sitter:
    """A face that is moved along directions, and what was seen of it before."""

    latent: Latent
    carrier: Carrier
    """Carries edits to the photo; of a sample the network's own picture stands in for it."""
    photographed: bool
    """Whether the edited photo is what is shown, or the network's picture."""
    shown: FoundLandmarks
    """Landmarks of the picture before, at 256 pixels."""
    drawn: FoundLandmarks
    """And of the network's picture."""
    who: Tensor
    """dlib's numbers [1 128] of the picture before."""


def sitter(latent: Latent, before: Images, photo: Images | None) -> Sitter:
    """A face with its photo [1 3 s s], or a sample without one."""
    from latentlab.faces.identity import embed
    from latentlab.faces.landmarks import aligned_landmarks

    before = before.clamp(-1, 1)
    shown = fit_to(before if photo is None else photo, SMALLEST).clamp(-1, 1)
    drawn = aligned_landmarks(fit_to(before, SMALLEST).clamp(-1, 1))
    carrier = Carrier(TRANSFERS.build(usual()), shown, before)
    return Sitter(latent, carrier, photo is not None, aligned_landmarks(shown), drawn, embed(shown))


@torch.no_grad()
def sampled(studio: Lab, direction: Direction, count: int) -> list[Sitter]:
    """Samples of the network, in the space in which the direction acts."""
    from latentlab.metrics.leakage import fresh_latents

    generator = studio.generator
    latents = fresh_latents(generator, SAMPLE_SEED, count, PSI, direction)
    pictures = generator.render(latents)
    return [sitter(latents[i], pictures[i : i + 1], None) for i in range(count)]


@torch.no_grad()
def people_in(studio: Lab, photos: Sequence[Path], count: int) -> list[Sitter]:
    """Up to `count` renders and `count` photographs, each in one pass of the encoder; a note where there are none."""
    from latentlab.inversion.encode import encode
    from latentlab.studio.shelf.companions import find_encoder

    encoder = find_encoder(studio)
    if encoder is None:
        raise_for(photos, f"'{studio.name}' has no encoder, which brings photos home")
        return []
    found = []
    for photo in (*_renders(studio, photos, count), *_photographs(photos, count)):
        latent = encode(encoder, studio.generator, photo.to(studio.place))
        found.append(sitter(latent, studio.generator.render(latent), photo.to(studio.place)))
    return found


def raise_for(photos: Sequence[Path], reason: str) -> None:
    """MissingPart where photos were given, else a note that only samples are measured."""
    if photos:
        raise MissingPart(f"{reason}; leave the photos out to measure its samples alone")
    warnings.warn(f"only samples are measured: {reason}", stacklevel=3)


def _renders(studio: Lab, photos: Sequence[Path], count: int) -> list[Images]:
    from latentlab.studio.discovery.people import render
    from latentlab.world.laws import draw_faces

    try:
        return list(render(studio, draw_faces(count, "natural", RENDER_SEED)).split(1))
    except MissingPart as missing:
        if not photos:
            warnings.warn(f"no renders: {missing}; give some photos", stacklevel=2)
        return []


def _photographs(photos: Sequence[Path], count: int) -> list[Images]:
    """The first so many that show one face; the others are told and left out."""
    from latentlab.faces.photo import face_in_photo
    from latentlab.studio.rivals.apply import photos_of

    found: list[Images] = []
    for path in photos_of(tuple(photos)):
        if len(found) == count:
            break
        try:
            found.append(face_in_photo(path, SMALLEST).image)
        except LatentLabError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    return found


@torch.no_grad()
def looks(
    studio: Lab, direction: Direction, strength: float, sitters: Sequence[Sitter], judge: Scorer
) -> Look:
    """What is measured on all of them at one strength."""
    rows = [_look(studio, direction, strength, one, judge) for one in sitters]
    lost, found, astray, apart, target = (torch.tensor(column) for column in zip(*rows, strict=True))
    return Look(lost, found.bool(), astray, apart, target)


def _look(
    studio: Lab, direction: Direction, strength: float, one: Sitter, judge: Scorer
) -> tuple[float, bool, float, float, float]:
    from latentlab.faces.identity import distances, embed
    from latentlab.faces.landmarks import aligned_landmarks

    after = studio.generator.render(apply(studio.generator, one.latent, {direction: strength})).clamp(-1, 1)
    carrier = one.carrier
    carried = carrier.image(after, {direction: strength}, None)
    lost = max(carried.torn, torn(carrier.method.layers(Scene(carrier.photo, carrier.before, after))))
    drawn = fit_to(after, SMALLEST).clamp(-1, 1)
    image = carried.image if one.photographed else drawn
    marks = aligned_landmarks(image)
    found = bool(marks.found[0]) or not bool(one.shown.found[0])
    astray = 0.0
    if one.photographed:
        astray = _astray(marks.points[0] - one.shown.points[0], aligned_landmarks(drawn), one)
    wanted = str(direction.story.get("attribute", direction.name))
    target = float(judge(image)[0, list(judge.names).index(wanted)]) if wanted in judge.names else 0.0
    return lost, found, astray, float(distances(embed(image), one.who)), target


def _astray(moved: Tensor, drawn: FoundLandmarks, one: Sitter) -> float:
    """How far the photo's landmarks ended from where the network's went, in distances between the eyes."""
    eyes = one.shown.points[0, 42:48].mean(0) - one.shown.points[0, 36:42].mean(0)
    meant = drawn.points[0] - one.drawn.points[0]
    return float((moved - meant).norm(dim=-1).mean() / eyes.norm().clamp_min(1))
