"""Edits of faces: `studio.edit(face, {"age": 2}).save("older.png")`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from latentlab.core.direction import Direction
from latentlab.core.errors import BadInput, MissingPart
from latentlab.core.face import Face
from latentlab.core.latent import Layers
from latentlab.core.ranges import Change, Share, Strength, check
from latentlab.core.watch import Watch
from latentlab.editing.apply import out_of_span
from latentlab.editing.keep import keep
from latentlab.editing.reach import Goal, Limits, Reach, Reached
from latentlab.inversion.precision import Precision, expect
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import Picture
from latentlab.studio.pictures.sheet import Sheet, strip
from latentlab.studio.portraits.faces import Source
from latentlab.studio.portraits.telling import told
from latentlab.studio.portraits.which import for_source
from latentlab.studio.portraits.workpiece import Workpiece, workpiece
from latentlab.studio.recipes.ingredients import Ingredients
from latentlab.studio.shelf import companions
from latentlab.studio.shelf.directions import identity

ALL = 0.98
"""Beyond this share a direction has lost nothing that could be seen."""


@dataclass(frozen=True)
class Sweep:
    """One direction in steps."""

    direction: str
    strengths: tuple[Strength, ...]

    def __post_init__(self) -> None:
        check(self)
        if not 2 <= len(self.strengths) <= 1000:
            raise BadInput(f"a sweep has 2 to 1000 pictures, not {len(self.strengths)}")


@dataclass(frozen=True)
class Edit:
    """What is to be done to a face."""

    directions: Mapping[str, Strength] = field(default_factory=dict)
    """Directions, by name or file, and strengths; 1 is one step."""
    goals: Mapping[str, float] = field(default_factory=dict)
    """Values to reach, by direction, as the guide scorer reads them."""
    sweeps: tuple[Sweep, ...] = ()
    """One direction in steps; two make a grid, the first goes down, the second across."""
    layers: Layers | None = None
    """First and last layer that is edited; None is all."""
    keep: tuple[str, ...] = ()
    """Directions projected out of every other."""
    mask: str | Path | None = None
    """Edit only here: mouth, eyes, brows, nose, jaw, cheeks, face (joined by +), or a picture's path, white where to edit."""
    mix: tuple[str | Path | Face, Layers] | None = None
    """Take these layers from another face."""
    blend: tuple[str | Path | Face, Share] | None = None
    """Go this share of the way to another face."""
    min_identity: Share | None = None
    """With goals: least similarity to the face before, 0 to 1."""
    max_change: Mapping[str, Change] = field(default_factory=dict)
    """With goals: largest change of other attributes, in their units."""
    transfer: str = "auto"
    """How an edit of a photo keeps the photo: auto, learned, flow, ratio, or none for the network's own picture."""
    paste_back: bool = False
    """Put the face back into its photo."""
    precision: Precision | None = None
    """Numbers to draw in: fp32 if left out (and under a mask), bf16, or auto for bf16 where that is faster and looks alike."""

    def __post_init__(self) -> None:
        check(self)
        self._finite()
        expect(self.precision)
        swept = [sweep.direction for sweep in self.sweeps]
        if not (self.directions or self.goals or swept or self.mix or self.blend):
            raise BadInput(
                "nothing to do: name one in `directions`, for example age=2 (see: latentlab directions list)"
            )
        twice = [name for name in self.goals if name in self.directions]
        twice += [name for name in swept if name in {*self.directions, *self.goals}]
        if twice:
            raise BadInput(f"'{twice[0]}' is asked for in two ways; give a strength, a goal or a sweep")
        if self.goals and swept:
            raise BadInput("a goal and a sweep do not go together; make two pictures")
        if len(swept) > 2:
            raise BadInput(f"at most two sweeps make a grid, these are {len(swept)}")
        if len(set(swept)) < len(swept):
            raise BadInput(f"a grid needs two different directions, both are '{swept[0]}'")
        if (self.min_identity is not None or self.max_change) and not self.goals:
            raise BadInput(
                "`min_identity` and `max_change` limit a goal; add one to `goals`, for example age=60"
            )

    def _finite(self) -> None:
        numbers = [*self.directions.items(), *self.goals.items(), *self.max_change.items()]
        numbers += [(sweep.direction, value) for sweep in self.sweeps for value in sweep.strengths]
        for name, value in numbers:
            if not math.isfinite(value):
                raise BadInput(f"'{name}' is {value}, which is not a finite number")
        if self.blend is not None and not math.isfinite(self.blend[1]):
            raise BadInput(f"the share of the blend is {self.blend[1]}, which is not a finite number")


def open_edit(
    studio: Lab,
    request: Edit,
    source: Source = None,
    *,
    given: Ingredients | None = None,
    watch: Watch | None = None,
) -> OpenEdit:
    """Check everything that can be checked before anything is drawn; without `given` in the network of the face."""
    if given is None:
        studio = for_source(studio, source)
        given = Ingredients(studio)
    asked = {*request.directions, *request.goals, *(sweep.direction for sweep in request.sweeps)}
    found = {name: given.direction(name) for name in (*request.keep, *sorted(asked))}
    if len({direction.name for direction in found.values()}) < len(found):
        raise BadInput("two of the directions have the same name; give them names of their own")
    kept = [found[name] for name in request.keep]
    directions = {name: _without(found[name], kept, studio) for name in sorted(asked)}
    face = given.face("face", source, watch)
    piece = workpiece(studio, request, face, found, given)
    if piece.carrier is not None:
        directions = {name: direction.on_photos for name, direction in directions.items()}
    return OpenEdit(studio, request, piece, directions)


def _without(direction: Direction, kept: Sequence[Direction], studio: Lab) -> Direction:
    """The direction with the kept ones projected out; its story tells the recipe where it came from."""
    others = [other for other in kept if other.name != direction.name]
    if not others:
        return direction
    projected = keep(direction, others, studio.generator)
    return replace(projected, story=dict(projected.story) | {"origin": identity(direction)})


def _remains(direction: Direction) -> str:
    """What keeping other attributes took from a direction, so that nobody looks for a difference where there is none."""
    others, share = direction.story["kept"], float(str(direction.story["remains"]))
    names = " and ".join(map(str, others)) if isinstance(others, list) else str(others)
    if share > ALL:
        return f"{direction.name} hardly moves {names} by itself ({share:.1%} of it remain): the picture is much the same without `keep`"
    return f"keeping {names} leaves {share:.0%} of {direction.name}"


@dataclass(eq=False)
class OpenEdit:
    """An edit that is known to be possible."""

    studio: Lab
    request: Edit
    piece: Workpiece
    directions: Mapping[str, Direction]
    """By the names of the request."""
    reached: Reached | None = None
    """What the closed loop came to, once drawn."""
    drawn: tuple[Mapping[str, float], Picture] | None = None
    """Strengths and picture, once one was drawn."""

    @property
    def face(self) -> Face:
        """The face that is edited."""
        return self.piece.face

    @property
    def told(self) -> list[str]:
        """What the edit did to a photo, in words; measured when somebody asks, since dlib takes longer than the edit."""
        return [] if self.drawn is None else told(self.piece, self.drawn[0], self.directions, self.drawn[1])

    def notes(self) -> list[str]:
        """What the user should hear: strengths out of their span, goals and what was reached."""
        found = dict(self.request.directions) | (self.reached.strengths if self.reached else {})
        lines = out_of_span({self.directions[name]: value for name, value in found.items()})
        for end in (max, min):
            lines += out_of_span(
                {self.directions[s.direction]: end(s.strengths) for s in self.request.sweeps}
            )
        if self.reached is not None:
            lines += self.reached.sentences(self._goals())
        lines += [
            _remains(direction) for direction in self.directions.values() if "remains" in direction.story
        ]
        lines += self.told
        return list(dict.fromkeys(lines))

    def draw(self, watch: Watch | None = None) -> Iterator[Picture]:
        """The picture; of a sweep or grid every one, then the sheet of them all."""
        cells = self.cells()
        tell, pictures = self.studio.tell(watch), []
        for number, strengths in enumerate(cells, 1):
            picture = self.piece.picture({self.directions[name]: v for name, v in strengths.items()})
            if len(cells) == 1:
                self.drawn = (strengths, picture)
            tell(number / len(cells), picture.name)
            pictures.append(picture)
            yield picture
        if len(pictures) > 1:
            yield self._sheet(pictures)

    def as_face(self) -> Face:
        """The edited face in memory, to be edited further; what a mask confines or a photo takes up stays a picture."""
        if self.request.sweeps:
            raise BadInput("a sweep is many faces; give one strength")
        (strengths,) = self.cells()
        return self.piece.moved({self.directions[name]: value for name, value in strengths.items()})

    def cells(self) -> list[dict[str, float]]:
        """The strengths of every picture."""
        cells = [dict(self.request.directions)]
        if self.request.goals:
            self.reached = self._reach()
            return [cells[0] | self.reached.strengths]
        for sweep in self.request.sweeps:
            cells = [cell | {sweep.direction: value} for cell in cells for value in sweep.strengths]
        return cells

    def _goals(self) -> list[Goal]:
        found = [(self.directions[name], value) for name, value in self.request.goals.items()]
        return [Goal(each, str(each.story.get("attribute", each.name)), value) for each, value in found]

    def _reach(self) -> Reached:
        fixed = {self.directions[name]: value for name, value in self.request.directions.items()}
        like = companions.likeness(self.studio)
        if self.request.min_identity is not None and like is None:
            raise MissingPart(
                "`min_identity` needs the identity embedding, which is not at hand; see: latentlab models list"
            )
        limits = Limits(self.request.min_identity, self.request.max_change)
        guide = companions.guide(self.studio)
        return Reach().solve(
            lambda strengths: self.piece.face_image(fixed | dict(strengths)), self._goals(), guide, limits, like
        )  # fmt: skip

    def _sheet(self, pictures: Sequence[Picture]) -> Picture:
        """All pictures of a sweep or grid on one sheet."""
        columns = len(self.request.sweeps[-1].strengths)
        name = "_by_".join(self.directions[sweep.direction].name for sweep in self.request.sweeps)
        images = [picture.image for picture in pictures]
        if not isinstance(images[0], Tensor):  # whole photos: one beside the other
            whole = strip([picture.show() for picture in pictures], columns)
            return Picture(name, whole, self.piece.recipe(self.piece.request), pictures[0].source)
        height, width = images[0].shape[-2:]
        sheet = Sheet(columns, -(-len(images) // columns), width, height)
        for number, image in enumerate(images):
            sheet.add(number, image)
        return Picture(name, sheet.picture, self.piece.recipe(self.piece.request))
