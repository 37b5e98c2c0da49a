"""A target's photo with a source's identity: `studio.swap("source.jpg", "target.jpg")`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from latentlab.core.errors import MissingPart, NoFace
from latentlab.core.ranges import Share, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch
from latentlab.editing.geometry.exchange import Exchange, Exchanged
from latentlab.editing.transfer import TRANSFERS
from latentlab.editing.transfer.transfer import Scene
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import has_transfer
from latentlab.studio.applications.person import in_w_plus, load_person
from latentlab.studio.applications.sitter import Choice, Sitter, find_sitter
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.portraits.faces import Source
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.recipes.recipe import recipe
from latentlab.studio.shelf.styles import Style, styled_network

FARTHEST = 0.03
"""Share of the picture's side by which a point of the face moves at most."""


@dataclass(frozen=True)
class Swap:
    """How an identity is exchanged."""

    by: Literal["detail", "latent"] = "detail"
    """The source's own detail where the latent says that its features go; or the latent's picture alone, carried over."""
    strength: Share = 1.0
    """How far the face's proportions go towards the source's."""
    skin: Share = 0.0
    """How much of the source's skin tone is taken; the neck and ears stay the target's."""
    person: str | None = None
    """A child of the network that was taught with photos of the source; None for the network as it is."""
    mask: bool = False
    """Show as well where the face was exchanged."""
    choice: Choice = field(default_factory=Choice, metadata={"flat": True})

    def __post_init__(self) -> None:
        check(self)


@dataclass(eq=False)
class OpenSwap:
    """An exchange that is known to be possible."""

    studio: Lab
    request: Swap
    source: Sitter
    face: Sitter
    """The target's."""
    given: Ingredients
    person: Style | None = None
    """The child that knows the source."""
    moved: Tensor | None = None
    """By how much each point of the face moves [68 2], in its pixels, where that is known; else the network says it."""

    def draw(self, watch: Watch | None = None) -> Iterator[Picture]:
        """The mask, where it was asked for, then the picture."""
        told = recipe(self.studio, "swap", self.request, self.given.noted)
        if self.request.mask:
            shown = (self.exchanged.mask * 2 - 1).expand(1, 3, -1, -1)
            yield Picture("mask", shown[0], told)
        name = f"{self.face.name}_as_{self.source.name}"
        yield self.face.picture(self.exchanged.image, name, told, aligned=self.request.choice.aligned)

    @cached_property
    @torch.no_grad()
    def exchanged(self) -> Exchanged:
        """The aligned target [1 3 s s] with the source's identity, and where."""
        if self.request.by == "latent":
            return self._carried(*self._network())
        moved = self.movement() if self.moved is None else self.moved
        goal = self.face.landmarks + self.request.strength * moved
        marks = (self.face.landmarks.float(), self.source.landmarks.float())
        source, target = (sitter.image.cpu().float() for sitter in (self.source, self.face))
        marks = (marks[0], marks[1] * target.shape[-1] / source.shape[-1])
        return Exchange(skin=self.request.skin).put(
            target, fit_to(source, target.shape[-1]), marks, goal.float()
        )

    def notes(self) -> list[str]:
        """What the user should hear: whose face dlib takes it for."""
        lines = [*self.face.notes, *self.source.notes]
        try:
            from latentlab.faces.identity import distances, embed

            seen, *both = (embed(x.cpu()) for x in (self.exchanged.image, self.source.image, self.face.image))
            near = [float(distances(seen, one)) for one in both]
            lines.append(
                f"dlib: {near[0]:.2f} from the source, {near[1]:.2f} from the target (one person: below 0.6)"
            )
        except (MissingPart, ImportError):
            pass
        return lines

    def _network(self) -> tuple[Images, Images]:
        """The network's pictures of the target as it is, and as the source's person."""
        generator, (target, source) = self.studio.generator, (self.face.face, self.source.face)
        assert target is not None and source is not None, "both were inverted"
        first, other = (in_w_plus(self.studio, one.latent) for one in (target, source))
        after = load_person(self.studio).exchanged(first, other, self.request.strength)
        known = generator if self.person is None else styled_network(self.studio, self.person, 1.0)
        pictures = generator.render(first, target.noise), known.render(after, target.noise)
        return pictures[0].clamp(-1, 1).cpu().float(), pictures[1].clamp(-1, 1).cpu().float()

    @torch.no_grad()
    def movement(self) -> Tensor:
        """By how much each point of the target moves, in its pixels; nothing where the network shows no face."""
        from latentlab.faces.landmarks import aligned_landmarks

        before, after = self._network()
        size = self.face.image.shape[-1]
        seen = [aligned_landmarks(fit_to(one, 256)) for one in (before, after)]
        if not all(bool(one.found[0]) for one in seen):
            return torch.zeros(68, 2)
        moved = (seen[1].points[0] - seen[0].points[0]) * size / 256
        return moved.clamp(-FARTHEST * size, FARTHEST * size)

    def _carried(self, before: Images, after: Images) -> Exchanged:
        from latentlab.faces.mask import face_mask

        target = self.face.image.cpu().float()
        method = TRANSFERS.build("learned" if has_transfer() else "flow")
        image = method.carry(Scene(target, before, after)).image
        return Exchanged(image, face_mask([self.face.landmarks], target.shape[-1]))


def open_swap(
    studio: Lab, request: Swap, source: Source = None, target: Source = None, given: Ingredients | None = None
) -> OpenSwap:
    """Find both faces; `face` and `like` choose the target's.

    Raises:
        NoFace: no face in one of the photos, or two and no choice.
        MissingPart: no map of identity was learned for this network.
    """
    given = given or Ingredients(studio)
    load_person(studio)
    person = given.style(request.person) if request.person else None
    try:
        theirs = find_sitter(given, "source", source, Choice(profile=request.choice.profile), latent=True)
    except NoFace as error:
        raise NoFace(f"the source: {error}") from None
    face = find_sitter(given, "face", target, request.choice, latent=True)
    return OpenSwap(studio, request, theirs, face, given, person)
