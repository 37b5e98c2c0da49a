"""A style of one's own: from one picture in minutes, or from a filter: `studio.add_style("ink", "drawing.png")`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from latentlab.backbones.difference import low_rank
from latentlab.backbones.style.learn import LearnStyle, Pairs
from latentlab.backbones.style.pairs import Filtered, OnePicture
from latentlab.core.errors import BadInput, MissingPart, unknown
from latentlab.core.ranges import Between, check
from latentlab.core.watch import Watch
from latentlab.editing.style.filters import FILTERS
from latentlab.inversion.auto import Auto
from latentlab.inversion.inverter import Given
from latentlab.networks.regressor import fit_to
from latentlab.store.home import NETWORKS, check_name, safe_name
from latentlab.studio.lab import Lab
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.photo_story import file_hash
from latentlab.studio.shelf.companions import companions
from latentlab.studio.shelf.styles import own_parts, style_names


@dataclass(frozen=True)
class AddStyle:
    """What a style is learned from, and for how long."""

    name: str
    picture: Path | None = None
    """One picture of a face in the style."""
    filter: str = ""
    """Instead: a filter whose pictures the network learns to draw."""
    steps: Annotated[int, Between(1, 100_000)] = 240
    face: Annotated[int, Between(1, 1000)] | None = None
    """Which face of a picture with several."""
    force: bool = False
    """Replace a style of the same name."""

    def __post_init__(self) -> None:
        check(self)
        check_name(self.name)
        if (self.picture is None) == (not self.filter):
            raise BadInput("a style is learned from one picture, or from a `filter`; name one of them")
        if self.filter and self.filter not in FILTERS:
            raise unknown("filter", self.filter, FILTERS)
        if self.name in FILTERS:
            raise BadInput(f"'{self.name}' is the name of a filter; choose another")


def add_style(studio: Lab, request: AddStyle, watch: Watch | None = None) -> Path:
    """Learn the style and keep it in the lab as a difference of at most 2 MB; nothing is kept of a run cut short.

    Raises:
        NoFace: no face in the picture, or two and no choice.
        MissingPart: the network has no discriminator, whose features are the measure.
    """
    folder = Path(studio.home) / NETWORKS
    path = folder / f"{request.name}.safetensors"
    if not request.force and (path.exists() or request.name in style_names(studio)):
        raise BadInput(f"there is a style '{request.name}' already; choose another name, or `force`")
    discriminator = discriminator_of(studio)
    if discriminator is None:
        raise MissingPart(
            f"'{studio.name}' has no discriminator beside it, by whose features a style is learned"
        )
    writable(folder)
    parent = own_parts(studio)
    tensors = LearnStyle(request.steps).learn(
        studio.generator, discriminator, _pairs(studio, request), studio.tell(watch)
    )
    told = {"style": request.name, "steps": request.steps, "kind of network": parent.kind} | _origin(request)
    child = {name: tensors[name].cpu() for name in parent.tensors}
    return low_rank(parent.tensors, child).save(path, told)


def _pairs(studio: Lab, request: AddStyle) -> Pairs:
    generator = studio.generator
    if request.picture is None:
        return Filtered(generator, FILTERS[request.filter])
    from latentlab.faces.photo import face_in_photo

    image = face_in_photo(request.picture, max(256, generator.resolution), request.face).image
    parts = companions(studio)
    with torch.no_grad():
        inverted = Auto().invert(generator, image, Given(encoder=parts.encoder, distance=parts.distance))
    small = fit_to(image, generator.resolution).clamp(-1, 1)
    return OnePicture(generator, small, inverted.latent.values.detach(), kept=generator.layers // 3)


def _origin(request: AddStyle) -> dict[str, object]:
    if request.picture is None:
        return {"filter": request.filter}
    return {"picture": {"name": safe_name(request.picture.name), "hash": file_hash(request.picture)}}
