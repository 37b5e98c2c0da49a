"""Edits of inverted faces: `studio.edit(face, {"age": 2}).save("older.png")`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.core.errors import BadInput, LatentLabError
from latentlab.studio.lab import find_face
from latentlab.studio.wishes import (
    label,
    parse_blend,
    parse_goals,
    parse_layers,
    parse_mix,
    parse_strengths,
    parse_sweep,
)

if TYPE_CHECKING:
    from latentlab.core.direction import Direction
    from latentlab.core.watch import Watch
    from latentlab.editing.reach import Goal, Reached
    from latentlab.inversion.saved import Saved
    from latentlab.studio.picture import Picture
    from latentlab.studio.studio import Studio
    from latentlab.studio.workpiece import Workpiece


@dataclass(frozen=True)
class Editing:
    """What is to be done to a face, in the words of the command line."""

    direction: tuple[str, ...] = ()
    """Directions with strengths, `age=2`; a bare `age` is one step."""
    to: tuple[str, ...] = ()
    """Values to reach, `age=60`, read by the guide scorer."""
    sweep: tuple[str, ...] = ()
    """One direction in steps, `age=-3:3:7`; two make a grid."""
    layers: str | None = None
    """Only these layers, `0-5`."""
    keep: tuple[str, ...] = ()
    """Attributes projected out of every direction, `glasses,pose`."""
    mask: str | None = None
    """Edit only here: mouth, eyes, brows, nose, face (joined by +), or a picture, white where to edit."""
    mix: str | None = None
    """Take layers from another inverted face, `anna:8-13`."""
    blend: str | None = None
    """Go some way towards another inverted face, `anna=.5`."""
    min_identity: float | None = None
    """With --to: least similarity to the face before, 0 to 1."""
    max_change: tuple[str, ...] = ()
    """With --to: largest change of other attributes, `glasses=.1`."""
    paste_back: bool = False
    """Put the face back into its photo."""

    def open(
        self, studio: Studio, source: str | Path | Saved | None = None, watch: Watch | None = None
    ) -> OpenEdit:
        """Check everything that can be checked before anything is drawn."""
        from latentlab.studio.library import find_direction
        from latentlab.studio.workpiece import workpiece

        strengths, goals = parse_strengths(self.direction), parse_goals(self.to)
        sweeps = [parse_sweep(word) for word in self.sweep]
        layers = None if self.layers is None else parse_layers(self.layers)
        mix = None if self.mix is None else parse_mix(self.mix)
        blend = None if self.blend is None else parse_blend(self.blend)
        self._agree(strengths, goals, sweeps, mix is not None or blend is not None)

        kept = [
            find_direction(studio, name.strip())
            for word in self.keep
            for name in word.split(",")
            if name.strip()
        ]
        names = {*strengths, *goals, *(name for name, _ in sweeps)}
        directions = {name: without(find_direction(studio, name), kept, studio) for name in sorted(names)}
        face = find_face(studio, source, watch)
        piece = workpiece(
            studio, face, layers=layers, kept=kept, mask=self.mask, mix=mix and (find_face(studio, mix[0]), mix[1]),
            blend=blend and (find_face(studio, blend[0]), blend[1]), paste=self.paste_back,
        )  # fmt: skip
        return OpenEdit(studio, self, piece, directions, strengths, goals, sweeps)

    def _agree(self, strengths: Mapping, goals: Mapping, sweeps: Sequence, other: bool) -> None:
        if not (strengths or goals or sweeps or other):
            raise BadInput(
                "nothing to do: name a direction, for example --direction age=2 (see: latentlab directions list)"
            )
        twice = [name for name in goals if name in strengths] + [
            name for name, _ in sweeps if name in {*strengths, *goals}
        ]
        if twice:
            raise BadInput(f"'{twice[0]}' is asked for in two ways; give a strength, a goal or a sweep")
        if goals and sweeps:
            raise BadInput("a goal and a sweep do not go together; make two pictures")
        if len(sweeps) > 2:
            raise BadInput(f"at most two sweeps make a grid, these are {len(sweeps)}")
        if len(sweeps) == 2 and sweeps[0][0] == sweeps[1][0]:
            raise BadInput(f"a grid needs two different directions, both are '{sweeps[0][0]}'")
        if (self.min_identity is not None or self.max_change) and not goals:
            raise BadInput("--min-identity and --max-change limit a goal; add --to, for example --to age=60")


def without(direction: Direction, kept: Sequence[Direction], studio: Studio) -> Direction:
    """The direction with the kept ones projected out; its story tells the recipe where it came from."""
    from latentlab.editing.keep import keep
    from latentlab.studio.library import identity

    others = [other for other in kept if other.name != direction.name]
    if not others:
        return direction
    projected = keep(direction, others, studio.generator)
    return replace(projected, story=dict(projected.story) | {"origin": identity(direction)})


@dataclass(eq=False)
class OpenEdit:
    """An edit that is known to be possible."""

    studio: Studio
    asked: Editing
    piece: Workpiece
    directions: Mapping[str, Direction]
    strengths: Mapping[str, float]
    goals: Mapping[str, float]
    sweeps: Sequence[tuple[str, list[float]]]
    reached: Reached | None = None
    """What the closed loop came to, once drawn."""

    @property
    def face(self) -> Saved:
        """The face that is edited."""
        return self.piece.face

    def notes(self) -> list[str]:
        """What the user should hear: strengths out of their span, goals and what was reached."""
        from latentlab.editing.apply import out_of_span

        ends = {name: end for name, values in self.sweeps for end in (min(values), max(values))}
        found = dict(self.strengths) | (self.reached.strengths if self.reached else {})
        lines = out_of_span({self.directions[name]: value for name, value in found.items()})
        lines += out_of_span({self.directions[name]: ends[name] for name in ends})
        lines += out_of_span({self.directions[name]: min(values) for name, values in self.sweeps})
        if self.reached is not None:
            lines += self.reached.sentences(self._goals())
        return list(dict.fromkeys(lines))

    def draw(self, watch: Watch | None = None) -> Iterator[Picture]:
        """The picture; of a sweep or grid every one, then the sheet of them all."""
        cells = self._cells()
        tell, pictures = self.studio.tell(watch), []
        for number, strengths in enumerate(cells, 1):
            picture = self.piece.picture(
                {self.directions[name]: v for name, v in strengths.items()}, label(strengths)
            )
            tell(number / len(cells), picture.name)
            pictures.append(picture)
            yield picture
        if len(pictures) > 1:
            columns = len(self.sweeps[-1][1])
            yield sheet_of(self.studio, pictures, columns, "_by_".join(name for name, _ in self.sweeps))

    def _cells(self) -> list[dict[str, float]]:
        """The strengths of every picture."""
        fixed = dict(self.strengths)
        if self.goals:
            self.reached = self._reach()
            return [fixed | self.reached.strengths]
        if not self.sweeps:
            return [fixed]
        if len(self.sweeps) == 1:
            name, values = self.sweeps[0]
            return [fixed | {name: value} for value in values]
        (down, downs), (across, acrosses) = self.sweeps
        return [fixed | {down: a, across: b} for a in downs for b in acrosses]

    def _goals(self) -> list[Goal]:
        from latentlab.editing.reach import Goal

        found = [(self.directions[name], value) for name, value in self.goals.items()]
        return [Goal(each, str(each.story.get("attribute", each.name)), value) for each, value in found]

    def _reach(self) -> Reached:
        from latentlab.core.errors import MissingPart
        from latentlab.editing.reach import Limits, Reach
        from latentlab.studio.companions import guide, likeness

        fixed = {self.directions[name]: value for name, value in self.strengths.items()}
        like = likeness(self.studio)
        if self.asked.min_identity is not None and like is None:
            raise MissingPart(
                "--min-identity needs the identity embedding, which is not at hand; see: latentlab models list"
            )
        limits = Limits(self.asked.min_identity, parse_goals(self.asked.max_change))
        return Reach().solve(
            lambda strengths: self.piece.face_image(fixed | dict(strengths)), self._goals(), guide(self.studio), limits, like
        )  # fmt: skip


def sheet_of(studio: Studio, pictures: Sequence[Picture], columns: int, name: str) -> Picture:
    """All pictures of a sweep or grid on one sheet."""
    from torch import Tensor

    from latentlab.studio.picture import Picture
    from latentlab.studio.recipe import recipe
    from latentlab.studio.sheet import Sheet

    tensors = [picture.image for picture in pictures if isinstance(picture.image, Tensor)]
    asked = {"columns": columns, "edits": [picture.recipe["asked"] for picture in pictures]}
    if len(tensors) < len(pictures):  # whole photos: one beside the other
        return Picture(
            name, _strip(pictures, columns), recipe(studio, "edit-sheet", asked), pictures[0].source
        )
    sheet = Sheet(columns, -(-len(tensors) // columns), tensors[0].shape[-1])
    for place, image in enumerate(tensors):
        sheet.put(place % columns, place // columns, image)
    return Picture(name, sheet.picture, recipe(studio, "edit-sheet", asked))


def _strip(pictures: Sequence[Picture], columns: int) -> Any:
    from PIL import Image as pillow

    shown = [picture.show().copy() for picture in pictures]
    for picture in shown:
        picture.thumbnail((512, 512))
    width, height = shown[0].size
    sheet = pillow.new("RGB", (columns * width, -(-len(shown) // columns) * height), "white")
    for place, picture in enumerate(shown):
        sheet.paste(picture, (place % columns * width, place // columns * height))
    return sheet


def edit(
    studio: Studio,
    source: str | Path | Saved | None = None,
    directions: Mapping[str, float] | None = None,
    *,
    to: Mapping[str, float] | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> Picture:
    """One edited picture (of a sweep or grid the sheet); see `Editing` for the options."""
    words = tuple(f"{name}={value!r}" for name, value in (directions or {}).items())
    goals = tuple(f"{name}={value!r}" for name, value in (to or {}).items())
    *_, last = Editing(direction=words, to=goals, **options).open(studio, source, watch).draw(watch)
    return last


def edit_all(
    studio: Studio, sources: Iterable[str | Path | Saved], editing: Editing, watch: Watch | None = None
) -> Iterator[tuple[str, OpenEdit | LatentLabError, list[Picture]]]:
    """The same edit of many faces; one that fails does not stop the rest."""
    for source in sources:
        name = source if isinstance(source, str) else source.name
        try:
            opened = editing.open(studio, source, watch)
            yield name, opened, list(opened.draw(watch))
        except LatentLabError as error:
            yield name, error, []
