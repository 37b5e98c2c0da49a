"""Makeup from a reference or by colour, put on or taken off: `studio.makeup("photo.jpg", "reference.jpg")`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from latentlab.core.errors import BadInput, NoFace, unknown
from latentlab.core.ranges import Share, check
from latentlab.core.shapes import Images
from latentlab.editing.makeup.colour import Complexion, complexion, put_on, take_off, to_colour
from latentlab.editing.makeup.masks import MASKS
from latentlab.editing.makeup.paint import behind_sunglasses, paint, parse_colour
from latentlab.studio.applications.sitter import Choice, Sitter, find_sitter
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe

AT_THE_EYES = ("lids", "liner")
By = Literal["colour", "latent"]


@dataclass(frozen=True)
class Makeup:
    """What is put on or taken off."""

    colours: Mapping[str, str] = field(default_factory=dict)
    """Colours by region, `#a01030`; they go before a reference."""
    remove: bool = False
    """Take makeup off instead."""
    regions: tuple[str, ...] = ()
    """lips, lids, liner, blush, skin; `eyes` is lids and liner; empty is all of them."""
    strength: Share = 1.0
    """How much of the change is made."""
    choice: Choice = field(default_factory=Choice, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)
        for name in (*self.regions, *self.colours):
            if name not in (*MASKS, "eyes"):
                raise unknown("makeup region", name, (*MASKS, "eyes"))
        for name, text in self.colours.items():
            parse_colour(text, name)
        if self.remove and self.colours:
            raise BadInput("makeup is taken off or put on, not both; leave `remove` or the colours out")

    @property
    def wanted(self) -> tuple[str, ...]:
        """Regions by their own names, in order."""
        asked = self.regions or tuple(MASKS)
        return tuple(name for name in MASKS if name in asked or ("eyes" in asked and name in AT_THE_EYES))


@dataclass(eq=False)
class OpenMakeup:
    """Makeup that is known to be possible."""

    studio: Lab
    request: Makeup
    face: Sitter
    reference: Sitter | None
    given: Ingredients
    left_out: dict[str, str] = field(default_factory=dict)
    """Regions that nothing is done to, and why."""

    def draw(self, watch: object = None) -> Iterator[Picture]:
        """The one picture."""
        image = self.image()
        yield self.face.picture(image, self.label, self.recipe(), aligned=self.request.choice.aligned)

    def image(self) -> Images:
        """The aligned face [1 3 s s] with its makeup changed."""
        return paint(self.face.image, self.face.landmarks, self.changes())

    def notes(self) -> list[str]:
        """What the user should hear."""
        told = [*self.face.notes, *(() if self.reference is None else self.reference.notes)]
        reasons: dict[str, list[str]] = {}
        for name, why in self.left_out.items():
            reasons.setdefault(why, []).append(name)
        return told + [f"{' and '.join(names)} left out: {why}" for why, names in reasons.items()]

    @property
    def label(self) -> str:
        """What its file is called."""
        what = "bare" if self.request.remove else "makeup"
        whose = "" if self.reference is None else f"_{self.reference.name}"
        return f"{self.face.name}_{what}{whose}"

    def recipe(self) -> dict[str, object]:
        return recipe(self.studio, "makeup", self.request, self.given.noted)

    def changes(self) -> dict[str, np.ndarray]:
        """By how much each region's colour is moved, [3] in CIELAB."""
        request, own = self.request, complexion(self.face.image, self.face.landmarks)
        theirs = (
            None if self.reference is None else complexion(self.reference.image, self.reference.landmarks)
        )
        found = {}
        for name in (*request.wanted, *self._painted()):
            if name not in self.left_out and (change := self._change(name, own, theirs)) is not None:
                found[name] = request.strength * change
        return found

    def _change(self, name: str, own: Complexion, theirs: Complexion | None) -> np.ndarray | None:
        colour = self._painted().get(name)
        if colour is not None:
            return to_colour(own, name, parse_colour(colour, name))
        if self.request.remove:
            return take_off(own, name)
        return None if theirs is None else put_on(own, theirs, name)

    def _painted(self) -> dict[str, str]:
        """Colours by region; one for `eyes` is one for the lids."""
        return {"lids" if name == "eyes" else name: colour for name, colour in self.request.colours.items()}


def open_makeup(
    studio: Lab,
    request: Makeup,
    source: Source | Sitter = None,
    reference: Source | Sitter = None,
    given: Ingredients | None = None,
) -> OpenMakeup:
    """Find both faces and see what can be made up.

    Raises:
        BadInput: neither a reference nor colours nor `remove`, or both of the last.
        NoFace: no face in one of the pictures, or two and no choice.
    """
    given = given or Ingredients(studio)
    worn = reference is not None or given.has("faces", "reference") or given.has("photos", "reference")
    expect_makeup(request, worn=worn)
    face = find_sitter(given, "face", source, request.choice)
    theirs = find_reference(given, reference) if worn else None
    opened = OpenMakeup(studio, request, face, theirs, given)
    for sitter, whose in ((face, "face"), (theirs, "reference")):
        if sitter is not None and behind_sunglasses(sitter.image, sitter.landmarks):
            opened.left_out |= dict.fromkeys(AT_THE_EYES, f"dark glasses hide the eyes of the {whose}")
    wanted = {*(request.wanted if worn or request.remove else ()), *opened._painted()}
    if wanted <= set(opened.left_out):
        raise BadInput(f"nothing is left to do: {'; '.join(opened.notes())}; choose other regions")
    return opened


def expect_makeup(request: Makeup, *, worn: bool) -> None:
    """BadInput where nothing is asked for, or two things that exclude each other; `worn` says that there is a reference."""
    if not (worn or request.remove or request.colours):
        raise BadInput("which makeup? name a reference photo, a colour such as lips '#a01030', or `remove`")
    if worn and request.remove:
        raise BadInput("makeup is taken off or taken from a reference, not both; leave one of them out")


def find_reference(given: Ingredients, source: Source | Sitter) -> Sitter:
    """Whose makeup is taken over; NoFace says that it is the reference."""
    try:
        return find_sitter(given, "reference", source, Choice())
    except NoFace as error:
        raise NoFace(f"the reference: {error}") from None
