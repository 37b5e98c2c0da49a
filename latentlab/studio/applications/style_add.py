"""A style of one's own: from one picture in minutes, a filter, or a text: `studio.add_style("ink", "drawing.png")`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import torch

from latentlab.backbones.difference import low_rank
from latentlab.backbones.style.learn import LearnStyle, Measure, Pairs, Unlike
from latentlab.backbones.style.pairs import Filtered, OnePicture, Photographs
from latentlab.backbones.style.unfinished import Unfinished
from latentlab.core.errors import BadInput, LatentLabError, MissingPart, NoFace, unknown
from latentlab.core.fingerprint import fingerprint
from latentlab.core.ranges import Between, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.editing.style.filters import FILTERS
from latentlab.inversion.auto import Auto
from latentlab.inversion.inverter import Given
from latentlab.networks.regressor import fit_to
from latentlab.store.home import NETWORKS, check_name, safe_name
from latentlab.studio.applications.style_text import PLAIN, Wish
from latentlab.studio.lab import Lab
from latentlab.studio.learning.training import discriminator_of
from latentlab.studio.pictures.picture import writable
from latentlab.studio.portraits.photo_story import file_hash
from latentlab.studio.rivals.apply import photos_of
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
    photos: Path | None = None
    """Instead: a folder of photographs of one person, whom the network learns to draw."""
    text: str | None = None
    """Instead: what the pictures should look like; CLIP judges."""
    plain: str = PLAIN
    """With `text`: what the network's own pictures look like."""
    weights: str | Path = ""
    """With `text`: file with CLIP's weights; nothing is downloaded."""
    model: str = "ViT-B-32"
    """With `text`: architecture of the weights, as open_clip names it."""
    steps: Annotated[int, Between(1, 100_000)] = 240
    face: Annotated[int, Between(1, 1000)] | None = None
    """Which face of a picture with several."""
    force: bool = False
    """Replace a style of the same name."""

    def __post_init__(self) -> None:
        check(self)
        check_name(self.name)
        sources = (
            self.picture is not None,
            self.filter != "",
            self.photos is not None,
            self.text is not None,
        )
        if sum(sources) != 1:
            raise BadInput(
                "a style is learned from one picture, a `filter`, a `text`, or `photos` of one person; name one of them"
            )
        if self.text is not None:
            self.wish.check()
        elif self.weights or self.plain != PLAIN:
            raise BadInput("`from` and `weights` belong to a `text`; give one, or leave them out")
        if self.filter and self.filter not in FILTERS:
            raise unknown("filter", self.filter, FILTERS)
        if self.name in FILTERS:
            raise BadInput(f"'{self.name}' is the name of a filter; choose another")

    @property
    def wish(self) -> Wish:
        """The texts, and who reads them."""
        return Wish(self.text or "", self.plain, str(self.weights), self.model)


def add_style(studio: Lab, request: AddStyle, watch: Watch | None = None) -> Path:
    """Learn the style and keep it in the lab as a difference of at most 2 MB.

    What is learned so far lies beside it as `NAME.unfinished` until then: the same call goes on after an interruption.

    Raises:
        NoFace: no face in the picture, or two and no choice.
        MissingPart: the network has no discriminator, whose features are the measure; or CLIP is not at hand.
    """
    folder = Path(studio.home) / NETWORKS
    path = folder / f"{request.name}.safetensors"
    if not request.force and (path.exists() or request.name in style_names(studio)):
        raise BadInput(f"there is a style '{request.name}' already; choose another name, or `force`")
    measure = _measure(studio, request)
    writable(folder)
    parent = own_parts(studio)
    told = {"style": request.name, "steps": request.steps, "kind of network": parent.kind} | _origin(request)
    task = json.dumps([fingerprint(parent.tensors), told, request.face], sort_keys=True)
    unfinished = Unfinished(path.with_suffix(".unfinished"), task)
    tensors = LearnStyle(request.steps).learn(studio.generator, measure, studio.tell(watch), unfinished)
    child = {name: tensors[name].cpu() for name in parent.tensors}
    low_rank(parent.tensors, child).save(path, told)
    unfinished.drop()
    return path


def _measure(studio: Lab, request: AddStyle) -> Measure:
    if request.text is not None:
        return request.wish.measure(studio.generator)
    discriminator = discriminator_of(studio)
    if discriminator is None:
        raise MissingPart(
            f"'{studio.name}' has no discriminator beside it, by whose features a style is learned"
        )
    return Unlike(discriminator, _pairs(studio, request))


def _pairs(studio: Lab, request: AddStyle) -> Pairs:
    generator = studio.generator
    if request.filter:
        return Filtered(generator, FILTERS[request.filter])
    files = [request.picture] if request.picture is not None else photos_of((request.photos or Path(),))
    images = _faces(files, max(256, generator.resolution), request.face)
    parts = companions(studio)
    given = Given(encoder=parts.encoder, distance=parts.distance)
    latents = [Auto().invert(generator, image[None], given).latent.values.detach() for image in images]
    small = fit_to(images, generator.resolution).clamp(-1, 1)
    if request.picture is None:
        return Photographs(torch.cat(latents), small)
    return OnePicture(generator, small, latents[0], kept=generator.layers // 3)


def _faces(files: Sequence[Path], size: int, number: int | None) -> Images:
    """Their aligned faces; of several files, those without a face are told and left out."""
    from latentlab.faces.photo import face_in_photo

    found = []
    for file in files:
        try:
            found.append(face_in_photo(file, size, number).image)
        except LatentLabError as error:
            if len(files) == 1:
                raise
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not found:
        raise NoFace(f"none of the {len(files)} photos shows a face that can be used; see the notes above")
    return torch.cat(found)


def add_person(studio: Lab, folder: Path, watch: Watch | None = None) -> str:
    """The name of a child that knows the person of these photos; learned once, found again by the photos' hashes."""
    digest = sha256("".join(file_hash(path) for path in photos_of((folder,))).encode()).hexdigest()[:12]
    name = f"person-{digest}"
    if name not in style_names(studio):
        add_style(studio, AddStyle(name, photos=folder), watch)
    return name


def _origin(request: AddStyle) -> dict[str, object]:
    if request.photos is not None:
        hashes = "".join(file_hash(path) for path in photos_of((request.photos,)))
        return {
            "photos": len(photos_of((request.photos,))),
            "hash of photos": sha256(hashes.encode()).hexdigest(),
        }
    if request.text is not None:
        return request.wish.story()
    if request.picture is None:
        return {"filter": request.filter}
    return {"picture": {"name": safe_name(request.picture.name), "hash": file_hash(request.picture)}}
