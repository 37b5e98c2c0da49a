"""Rendered people brought home in several ways, kept in the lab block by block, so that every wish can use them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.core.latent import Latent
    from latentlab.core.pivot import Pivot
    from latentlab.core.shapes import Images
    from latentlab.core.watch import Watch
    from latentlab.inversion.inverter import Given
    from latentlab.world.factors import Face

PEOPLE_SEED = 970_001
"""Faces of this seed teach; no benchmark judges with them."""
BLOCK = 8
"""People brought home together; one of them also gets a pivot."""
LARGEST = 256
"""Side of the pictures that are kept: what a change looks like is to be seen at that."""
STEPS = 40
"""Of the short descents."""
TUNING = 150
"""Steps of a pivot."""


@dataclass(frozen=True, eq=False)
class People:
    """Who was rendered, and the latents that reproduce them."""

    faces: list[Face]
    pictures: Images
    """True renders, [people 3 s s]."""
    latents: Latent
    """W+, several for each of them."""
    who: Tensor
    """Whose latent it is, int64 [latents]."""
    pivots: tuple[Pivot | None, ...]
    """The pivot that goes with a latent, where one does."""


def rendered_people(
    studio: Lab, count: int, *, seed: int = PEOPLE_SEED, watch: Watch | None = None
) -> People:
    """The first `count` people of a seed: encoded, descended, held close to the average, one in eight with a pivot."""
    from latentlab.core.latent import Latent, Space

    if count < 1:
        raise BadInput(f"{count} people are none; ask for some: `people` 64")
    tell, folder = studio.tell(watch), Path(studio.home) / "people"
    blocks = -(-count // BLOCK)
    parts = []
    for number in range(blocks):
        path = folder / f"{studio.generator.hash[:12]}-{seed}-{number:05d}.safetensors"
        parts.append(_kept(studio, path) or _made(studio, path, seed, number))
        tell((number + 1) / blocks, f"{min((number + 1) * BLOCK, count)} of {count} people brought home")
    who = torch.cat([part.who + BLOCK * number for number, part in enumerate(parts)])
    chosen = who < count
    values = torch.cat([part.latents.values for part in parts])[chosen]
    pivots = [pivot for part in parts for pivot in part.pivots]
    return People(
        faces_of(seed, blocks)[:count],
        torch.cat([part.pictures for part in parts])[:count],
        Latent(Space.W_PLUS, values),
        who[chosen],
        tuple(pivot for pivot, kept in zip(pivots, chosen.tolist(), strict=True) if kept),
    )


def faces_of(seed: int, blocks: int) -> list[Face]:
    """The records of these blocks."""
    from latentlab.world.laws import draw_faces

    return draw_faces(BLOCK * blocks, "natural", seed)


def size_of(studio: Lab) -> int:
    """Side of the pictures in which changes are seen."""
    return min(studio.generator.resolution, LARGEST)


def render(studio: Lab, faces: list[Face]) -> Images:
    """Pictures of records at the size in which changes are seen, on the studio's device."""
    from latentlab.world.render import load_renderer

    renderer = load_renderer(device=str(studio.place))
    parts = [
        renderer.render(faces[i : i + BLOCK], size_of(studio)).images for i in range(0, len(faces), BLOCK)
    ]
    return torch.cat(parts).to(studio.place)


def given_by(studio: Lab) -> Given:
    """What inverters may use in this studio."""
    from latentlab.inversion.inverter import Given
    from latentlab.studio.shelf.companions import companions

    parts = companions(studio)
    return Given(encoder=parts.encoder, distance=parts.distance)


def _made(studio: Lab, path: Path, seed: int, number: int) -> People:
    from latentlab.core.image import to_pixels
    from latentlab.store.archive import Archive
    from latentlab.world.laws import draw_faces

    faces = draw_faces(BLOCK, "natural", seed, BLOCK * number)
    pictures = render(studio, faces)
    latents, who, pivots = brought_home(studio, pictures)
    tensors = {"pixels": to_pixels(pictures).cpu(), "latents": latents.values, "who": who}
    for pivot in pivots:
        tensors |= pivot.tensors() if pivot else {}
    Archive("people", tensors, {"model": studio.generator.hash, "seed": seed, "first": BLOCK * number}).save(
        path
    )
    return People(faces, pictures, latents, who, pivots)


def brought_home(studio: Lab, pictures: Images) -> tuple[Latent, Tensor, tuple[Pivot | None, ...]]:
    """Latents of these pictures, whose each is, and the pivots; the last latent is the first person's with a pivot."""
    from latentlab.core.inversion import Inversion
    from latentlab.core.latent import Latent, Space
    from latentlab.inversion.descend import Descend
    from latentlab.inversion.encode import settle
    from latentlab.inversion.pivot import HELD, PivotalTuning

    generator, given = studio.generator, given_by(studio)
    own = torch.arange(len(pictures))
    found, who = [], []
    if given.encoder is not None:
        with torch.no_grad():
            found.append(settle(given.encoder, generator, pictures).values)
        who.append(own)
    held = replace(HELD, steps=STEPS).invert(generator, pictures, given)
    near = Descend(Space.W_PLUS, steps=STEPS).invert(generator, pictures, given)
    begun = Inversion(held.latent[0], held.image[:1], held.error[:1], model=held.model)
    tuned = PivotalTuning(steps=TUNING).invert(generator, pictures[:1], replace(given, start=begun))
    found += [held.latent.values, near.latent.values, tuned.latent.values]
    who += [own, own, own[:1]]
    values = torch.cat(found).detach()
    pivots: list[Pivot | None] = [None] * (len(values) - 1)
    return Latent(Space.W_PLUS, values), torch.cat(who), (*pivots, tuned.pivot)


def _kept(studio: Lab, path: Path) -> People | None:
    """What an earlier run kept; a damaged file is made again."""
    from latentlab.core.image import from_pixels
    from latentlab.core.latent import Latent, Space
    from latentlab.core.pivot import Pivot
    from latentlab.store.archive import Archive

    if not path.is_file():
        return None
    try:
        archive = Archive.load(path, "people")
        tensors = {name: value.to(studio.place) for name, value in archive.tensors.items()}
        latents = Latent(Space.W_PLUS, tensors["latents"])
        studio.generator.check(latents)
        pivot = Pivot.from_tensors(tensors, studio.generator.hash)
        pivots = (*([None] * (len(latents) - 1)), pivot)
        pictures = from_pixels(tensors["pixels"]).to(studio.place)
        return People([], pictures, latents, tensors["who"].cpu(), pivots)
    except (KeyError, LatentLabError):
        path.unlink()  # of our own name, in our own folder
        return None
