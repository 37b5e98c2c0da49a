"""A face in another style: `studio.stylize("photo.jpg", "toon")`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.exposure import exposure_from
from latentlab.core.face import Face
from latentlab.core.ranges import Share, Strength, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.editing.apply import apply, out_of_span
from latentlab.editing.style.filters import FILTERS
from latentlab.editing.style.finish import coloured, enlarged
from latentlab.editing.style.skin import skin_of
from latentlab.inversion.encode import iterates
from latentlab.inversion.inverter import Inverter
from latentlab.inversion.refine import Refine
from latentlab.networks.regressor import fit_to
from latentlab.studio.applications.sitter import SMALLEST, Choice, Sitter, find_sitter, landmarks_of
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.edit import Edit
from latentlab.studio.portraits.faces import Source
from latentlab.studio.portraits.workpiece import workpiece
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.companions import find_encoder
from latentlab.studio.shelf.styles import Style, styled_network

LARGEST = 512
"""Side of a picture that the network drew; more would show nothing more."""


@dataclass(frozen=True)
class Stylize:
    """Which style, how much of it."""

    style: str = "toon"
    strength: Share = 1.0
    """Of a network's style: how many of its layers, fine ones first; of a filter: how much of its picture."""
    colours: Literal["keep", "take"] = "keep"
    """The photo's own broad colours, or the style's."""
    directions: Mapping[str, Strength] = field(default_factory=dict)
    """Directions of the network and strengths, as in `edit`; a network's style only."""
    by: Literal["photo", "network"] = "photo"
    """The photo itself, drawn as the style's network draws faces, where it is known how; or that network's own picture."""
    paste_back: bool = False
    """Put the drawn face into its photo."""
    choice: Choice = field(default_factory=Choice, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        if self.style in FILTERS and self.directions:
            raise BadInput(
                f"'{self.style}' is a filter, which no direction moves; edit the photo first, or take a network's style"
            )


@dataclass(eq=False)
class OpenStylize:
    """A style that can be drawn."""

    studio: Lab
    request: Stylize
    face: Sitter
    style: Style
    given: Ingredients
    directions: Mapping = field(default_factory=dict)
    """Directions by name, found."""

    def draw(self, watch: Watch | None = None) -> Iterator[Picture]:
        """The one picture."""
        told = recipe(self.studio, "stylize", self.request, self.given.noted)
        name = f"{self.face.name}_{self.style.name}"
        yield self.face.picture(self.image(), name, told, aligned=not self.request.paste_back)

    @torch.no_grad()
    def image(self) -> Images:
        """The aligned face [1 3 s s] in the style."""
        if self.by_photo:
            return self._sketched()
        drawn = self._filtered() if self.style.name in FILTERS else self._drawn()
        if self.request.colours == "keep":
            drawn = coloured(drawn, self.face.image)
        size = (
            self.face.image.shape[-1] if self.request.paste_back else min(self.face.image.shape[-1], LARGEST)
        )
        return enlarged(drawn, max(size, drawn.shape[-1])) if drawn.shape[-1] < size else drawn

    @property
    def by_photo(self) -> bool:
        """Whether the photo's own pixels are drawn over."""
        known = self.style.drawing is not None and self.face.photo is not None
        return known and self.request.by == "photo"

    def notes(self) -> list[str]:
        """What the user should hear."""
        moves = {self.directions[name]: value for name, value in self.request.directions.items()}
        return [*self.face.notes, *out_of_span(moves)]

    def _filtered(self) -> Images:
        photo: Tensor = self.face.image
        return torch.lerp(photo, FILTERS[self.style.name](photo), self.request.strength)

    def _sketched(self) -> Images:
        """The photo, moved as it was asked, drawn over; the child says what colour its skin has."""
        face, drawing = self.face.face, self.style.drawing
        assert face is not None and drawing is not None, "known by `by_photo`"
        photo, marks = self.face.image.cpu().float(), self.face.landmarks
        if self.request.directions:
            photo = self._moved(face).cpu().float()
            marks = landmarks_of(photo, self.face.name)
        if self.request.colours == "keep":
            return drawing.draw(photo, marks, None, self.request.strength)
        child = fit_to(exposure_from(face.origin).restored(self._drawn(1.0)), SMALLEST).clamp(-1, 1)
        skin = skin_of(child, marks * SMALLEST / photo.shape[-1])[1]
        return drawing.draw(photo, marks, skin, self.request.strength)

    def _moved(self, face: Face) -> Images:
        """The photo with the directions carried to it, as `edit` does."""
        request = Edit(dict(self.request.directions))
        piece = workpiece(self.studio, request, face, self.directions, Ingredients(self.studio))
        return piece.face_image({self.directions[n]: value for n, value in self.request.directions.items()})

    def _drawn(self, strength: float | None = None) -> Images:
        face, parent = self.face.face, self.studio.generator
        assert face is not None, "a network draws latents"
        moves = {self.directions[name]: value for name, value in self.request.directions.items()}
        latent = apply(parent, face.latent, moves)
        amount = self.request.strength if strength is None else strength
        child = styled_network(self.studio, self.style, amount)
        return child.render(latent, face.noise, face.pivot).clamp(-1, 1).cpu().float()


def open_stylize(
    studio: Lab, request: Stylize, source: Source = None, given: Ingredients | None = None
) -> OpenStylize:
    """Find style, directions and face; an unknown style names the nearest."""
    given = given or Ingredients(studio)
    style = given.style(request.style)
    found = {name: given.direction(name) for name in sorted(request.directions)}
    latent = style.name not in FILTERS
    face = find_sitter(
        given, "face", source, request.choice, latent=latent, method=_method(studio) if latent else None
    )
    return OpenStylize(studio, request, face, style, given, found)


def _method(studio: Lab) -> Inverter | None:
    """Three passes of an encoder that corrects itself: a network's drawing shows the latent and nothing of the photo."""
    encoder = find_encoder(studio)
    return Refine(passes=3) if encoder is not None and iterates(encoder) else None
