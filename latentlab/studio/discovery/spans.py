"""How far directions go, measured on what is shown: the network's own samples, and photographs after the transfer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from latentlab.core.direction import Direction
from latentlab.core.errors import BadFile
from latentlab.core.latent import Space
from latentlab.core.ranges import Between, check
from latentlab.core.watch import Watch
from latentlab.editing.transfer.kinds import TURNS, kind_of
from latentlab.metrics.spans import Span, Spans
from latentlab.studio.discovery.discover import keep
from latentlab.studio.discovery.sitters import Sitter, looks, people_in, sampled
from latentlab.studio.lab import Lab
from latentlab.studio.pictures.picture import writable
from latentlab.studio.shelf.directions import find_direction

if TYPE_CHECKING:
    from latentlab.core.scorer import Scorer

TURNED = 0.15
"""A turned head shows a side that the photo has not: so much of the face may be made up; of samples all of it, for they
are drawn anew."""


@dataclass(frozen=True)
class MeasureSpans:
    """On whom, and how far."""

    faces: Annotated[int, Between(4, 1000)] = 12
    """Of the network's own samples, of the renders, and at most of the photographs."""
    photos: tuple[Path, ...] = ()
    """Photographs, or folders of them; best of people that nothing was trained on."""
    widest: Annotated[float, Between(1, 20)] = 4.0
    """Strengths up to this are tried."""
    out: Path | None = None
    """Where the directions go with their spans; the lab's own if left out."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, eq=False)
class MeasuredSpan:
    """One direction with its spans, and what ended them."""

    direction: Direction
    own: Span
    """On the network's own samples."""
    photo: Span | None
    """On edited photographs; None where there was nobody to photograph, or a direction that photos cannot take (Z)."""

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        found: dict[str, Any] = {"name": self.direction.name, "span": [self.own.low, self.own.high]}
        if self.photo is not None:
            found["photo_span"] = [self.photo.low, self.photo.high]
        return found | {"measured": self.direction.story["spans"]}


def measure_spans(
    studio: Lab, names: Sequence[str] = (), request: MeasureSpans | None = None, *,
    judge: Scorer | None = None, watch: Watch | None = None,
) -> Iterator[MeasuredSpan]:  # fmt: skip
    """Each direction (all of this network's if none is named) as it is measured; every one is written at once."""
    from latentlab.studio.discovery.draws_faces import check_faces
    from latentlab.studio.shelf import companions
    from latentlab.studio.shelf.directions import own_names

    request = request or MeasureSpans()
    missing = [path for path in request.photos if not path.exists()]
    if missing:
        raise BadFile(f"there is no photo and no folder {missing[0]}; name others in `photos`")
    directions = [find_direction(studio, name) for name in names or own_names(studio)]
    check_faces(studio)
    if request.out is not None:
        writable(request.out)
    maker = _Maker(studio, request, judge or companions.judge(studio))
    tell = studio.tell(watch)
    for place, direction in enumerate(directions):
        tell(place / max(len(directions), 1), direction.name)
        yield maker.measured(direction)


@dataclass(eq=False)
class _Maker:
    """One run: the faces are looked for once."""

    studio: Lab
    request: MeasureSpans
    judge: Scorer
    _people: list[Sitter] | None = None

    def measured(self, direction: Direction) -> MeasuredSpan:
        """Go both ways on samples, then on photographs; write what was found."""
        samples = sampled(self.studio, direction, self.request.faces)
        own = self._found(direction, samples, turned=1.0)
        people = [] if direction.space is Space.Z else self.people
        photo = self._found(direction, people, turned=TURNED) if people else None

        told: dict[str, object] = {"own": _told(own, len(samples))}
        if photo is not None:
            told["photo"] = _told(photo, len(people))
        measured = replace(
            direction, span=(own.low, own.high), photo_span=None if photo is None else (photo.low, photo.high),
            story=dict(direction.story) | {"spans": told},
        )  # fmt: skip
        self._write(measured)
        return MeasuredSpan(measured, own, photo)

    @property
    def people(self) -> list[Sitter]:
        """Who is photographed: held-out renders where the face model is at hand, and the photographs that were given."""
        if self._people is None:
            self._people = people_in(self.studio, self.request.photos, self.request.faces)
        return self._people

    def _found(self, direction: Direction, sitters: list[Sitter], turned: float) -> Span:
        """The span on these faces; `turned` is how much of the face may be made up where the head turns."""
        rules = Spans(widest=self.request.widest)
        if kind_of(attribute(direction), 1.0) == TURNS:
            rules = replace(rules, torn=turned)
        return rules.find(
            lambda strength: looks(self.studio, direction, strength, sitters, self.judge),
            self._step(direction),
        )

    def _step(self, direction: Direction) -> float:
        """What a step moves as the judge reads it; 0 for what the judge does not know, whose pace nobody sees."""
        return direction.step if attribute(direction) in self.judge.names else 0.0

    def _write(self, direction: Direction) -> None:
        from latentlab.directions.library import save_direction

        if self.request.out is not None:
            save_direction(direction, self.request.out)
        else:
            keep(self.studio, [direction])


def attribute(direction: Direction) -> str:
    """What a direction is for."""
    return str(direction.story.get("attribute", direction.name))


def _told(span: Span, faces: int) -> dict[str, object]:
    """For the story: who, what ends the span, and the figures at every strength."""
    seen = {
        f"{strength:g}": {name: round(value, 3) for name, value in look.medians().items()}
        for strength, look in span.seen.items()
    }
    return {"faces": faces, "ends": list(span.ends), "seen": seen}
