"""An inversion made again from its recipe: its photo, and its mask, are found by hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from latentlab.core.errors import BadFile
from latentlab.core.watch import silent
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.bench import Bench
from latentlab.studio.portraits.photo_story import find_input
from latentlab.studio.portraits.request import Invert
from latentlab.studio.recipes.fields import field_of
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.shelf.companions import companions


def reconstruction(studio: Lab, request: Invert, given: Ingredients) -> Picture:
    """The picture that the network makes of the photo, made again and not saved."""
    pinned: Mapping[str, object] = given.pinned or {}
    photo = field_of(pinned, "photo", dict).get("hash")
    photos = field_of(pinned, "together", list, [photo])
    if photo not in photos:
        raise BadFile(
            "the recipe's photo is not among those it was inverted with; it is not one that latentlab wrote"
        )
    files = [find_input(studio, digest, "photo", given.files) for digest in photos]
    mask = request.mask and given.file(request.mask, "mask")
    start = given.file(request.start, "start") if isinstance(request.start, Path) else request.start
    lab = replace(studio, seed=field_of(pinned, "seed", int, 0))
    return _again(lab, replace(request, mask=mask, start=start, force=True), files, photos.index(photo))


def _again(studio: Lab, request: Invert, photos: list[Path], row: int) -> Picture:
    parts = companions(studio, request.encoder, request.distance)
    bench = Bench(studio, request, parts, len(photos), silent)
    subjects = [bench.look(photo, number) for number, photo in enumerate(photos)]
    inversion, method = bench.invert(subjects, 0.0, 1.0)
    together = [subject.digest for subject in subjects] if len(subjects) > 1 else ()
    story = bench.story(subjects[row], method, together)
    return Picture("reconstruction", subjects[row].exposure.restored(inversion.image)[row], story)
