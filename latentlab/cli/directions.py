"""`latentlab directions`: the library of directions: list, show, import, export, port, card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.cli.words import in_flags
from latentlab.core.ranges import Between, Count, MeasuredSamples, SamplesOrNone
from latentlab.core.text import with_unit

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.core.direction import Direction
    from latentlab.studio import Built, Facts, MeasuredSpan

Name = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DIRECTION")]
Source = Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE")]


@dataclass(frozen=True)
class List(Command):
    """List the directions of this network: the lab's own, and those that ship with it."""

    all: bool = False
    """Also those of other networks."""

    def run(self, session: Session) -> None:
        found = session.studio.directions_told(anywhere=self.all)
        for direction in found:
            session.answer(_line(direction), **_entry(direction))
        if not found:
            session.note("there are no directions for this network yet; find some: latentlab discover --help")
        elsewhere = session.studio.photographs
        if elsewhere is not None and not self.all:
            session.note(
                f"photographs get '{elsewhere}', where the same names have lengths and spans of their own: "
                f"latentlab directions list --network {elsewhere}"
            )


@dataclass(frozen=True)
class Show(Command):
    """Show all that is known about a direction."""

    name: Name
    """A name, or a .direction.safetensors file."""

    def run(self, session: Session) -> None:
        direction = session.studio.direction(self.name, anywhere=True)
        entry = _entry(direction)
        lines = [
            f"{key.replace('_', ' '):>10}  {_shown(value)}"
            for key, value in entry.items()
            if value not in (None, "", {})
        ]
        session.answer("\n".join(lines), **entry)


@dataclass(frozen=True)
class Import(Command):
    """Import directions from published files: InterFaceGAN .npy, encoder4editing/pSp .pt, GANSpace PCA, SeFa factors.

    They are checked against this network's width and kept under lab/directions/; nothing in a file is executed.
    """

    file: Source
    """The published file."""
    name: str = ""
    """Its name here; the file's own if left out."""
    space: Annotated[str, tyro.conf.arg(metavar="Z|W|W+|S")] = ""
    """Where its vectors live; w or w+ by their shape if left out."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab directions import stylegan_ffhq_age_w_boundary.npy --name age --network ffhq.pkl",
    )

    def run(self, session: Session) -> None:
        for direction in session.studio.import_directions(self.file, self.name, self.space):
            session.answer(_line(direction), **_entry(direction))


@dataclass(frozen=True)
class Export(Command):
    """Export a direction: .npy as InterFaceGAN keeps it (W), .pt as encoder4editing does (W and W+)."""

    name: Name
    """A name, or a .direction.safetensors file."""
    file: Source
    """The new file: .npy or .pt."""
    force: bool = False
    """Replace it if it exists."""
    lossy: bool = False
    """Leave out what the format cannot hold: a range of layers, a flow."""

    def run(self, session: Session) -> None:
        path = session.studio.export_direction(self.name, self.file, overwrite=self.force, lossy=self.lossy)
        session.answer(str(path), name=self.name, file=str(path))


@dataclass(frozen=True)
class Port(Command):
    """Carry a direction of this network over to a fine-tuned child of it."""

    name: Name
    """A direction of --network."""
    child: Annotated[str, tyro.conf.arg(metavar="NAME|FILE")]
    """The child: a name or a weight file."""
    samples: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 100
    """Faces of both networks on which the loss is measured; 0 measures nothing."""

    examples: ClassVar[tuple[str, ...]] = ("latentlab directions port age --child portraits",)

    def run(self, session: Session) -> None:
        judging = session.studio.methods("evaluation")["faces"]
        method = judging.reaching(1, samples=self.samples) if self.samples else None
        with session.progress("porting") as watch:
            found = session.studio.port(self.name, self.child, method, watch=watch)
        told = _line(found.direction)
        if found.kept is not None and found.parent is not None and found.child is not None:
            told += (
                f"; keeps {found.kept:.0%} of a step, leakage {found.parent.total_leakage[0]:.2f} -> "
                f"{found.child.total_leakage[0]:.2f} sd ({self.samples} faces)"
            )
        session.answer(told, **_entry(found.direction), loss=found.as_json())


@dataclass(frozen=True)
class Card(Command):
    """Write a direction's card (Markdown and a picture): unit, span, leakage, how it was found."""

    name: Name
    """A name, or a .direction.safetensors file."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("cards")
    """Where NAME.md and NAME.png go."""
    samples: Annotated[MeasuredSamples, tyro.conf.arg(metavar="N")] = 200
    """How many fresh faces it is measured on."""
    force: bool = False
    """Replace files that latentlab did not make."""

    def run(self, session: Session) -> None:
        from latentlab.studio import Judge, writable

        writable(self.out)  # before minutes of measuring
        with session.progress("measuring") as watch:
            path = session.studio.direction_card(self.name, self.out, Judge(self.samples), watch)
        session.answer(str(path), name=self.name, file=str(path))


@dataclass(frozen=True)
class Build(Command):
    """Make a whole library of directions from one recipe.

    The score bank is filled once; then each direction is found, stretched until a step means what the recipe says (ten
    years, ten degrees, a quarter of a smile), measured by the judge, and written to OUT. A direction whose step the judge
    does not see, or only in few faces, is named and left out. Run it again and what the same recipe wrote is kept.
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """Where the directions go; assets/NAME/directions ships them with a network."""
    recipe: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A recipe (TOML or JSON); the one that ships, assets/recipes/directions.toml, if left out."""
    only: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME")] = ()
    """Only this direction of the recipe; can be repeated."""
    samples: Annotated[Count | None, tyro.conf.arg(metavar="N")] = None
    """Samples of the score bank, instead of the recipe's number."""
    faces: Annotated[MeasuredSamples | None, tyro.conf.arg(metavar="N")] = None
    """Fresh faces for the judge, instead of the recipe's number."""
    dlib: Annotated[SamplesOrNone | None, tyro.conf.arg(metavar="N")] = None
    """Faces on which dlib looks at every strength (0.1 s each), instead of the recipe's number; 0 leaves it out."""
    force: bool = False
    """Make those again that are there already."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab directions build --out assets/faces/directions",
        "latentlab directions build --only age --samples 3000 --out trial",
    )

    def run(self, session: Session) -> None:
        from dataclasses import replace

        from latentlab.studio import load_recipe

        chosen = {
            name: value for name in ("samples", "faces", "dlib") if (value := getattr(self, name)) is not None
        }
        recipe = replace(load_recipe(self.recipe), **chosen)
        written = 0
        with session.progress("building") as watch:
            for built in session.studio.build_library(
                recipe, self.out, only=self.only, force=self.force, watch=watch
            ):
                written += built.direction is not None
                session.answer(_fate(built), **built.as_json())
        session.say(f"{written} directions in {self.out}")


@dataclass(frozen=True)
class Span(Command):
    """Measure how far directions go before pictures tear: on samples, and on edited photographs.

    Strengths grow from 0 both ways until a quarter of the faces is torn (folded, or made up by the network), lost (no
    face, or its landmarks astray) or somebody else (dlib), or until the judge sees nothing move any more. Both spans and
    all figures are kept in the directions' files; `edit` uses the one of photographs where it edits a photograph.
    """

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="DIRECTION...")] = ()
    """Names or files of directions; all of this network's if none is given."""
    photos: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO|FOLDER")] = ()
    """Photographs, best of people that nothing was trained on, beside renders; can be repeated."""
    faces: Annotated[int, Between(4, 1000), tyro.conf.arg(metavar="N")] = 12
    """How many samples, how many renders, and at most how many photographs."""
    widest: Annotated[float, Between(1, 20), tyro.conf.arg(metavar="STRENGTH")] = 4.0
    """Strengths up to this are tried."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = None
    """Where the directions go with their spans; the lab's own if left out."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab directions span --photos holiday",
        "latentlab directions span age smile --out assets/faces/directions",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import MeasureSpans

        request = MeasureSpans(self.faces, self.photos, self.widest, self.out)
        with session.progress("measuring") as watch:
            for found in session.studio.measure_spans(*self.names, request=request, watch=watch):
                session.answer(_spans(found), **found.as_json())


def _spans(found: MeasuredSpan) -> str:
    """Both spans of a direction and what ends them, in a line."""
    told = [
        f"{where} {span.low:g} to {span.high:g}{_ended(span.ends)}"
        for where, span in (("samples", found.own), ("photographs", found.photo))
        if span is not None
    ]
    return f"{found.direction.name:<12} {'; '.join(told)}"


def _ended(ends: tuple[str, str]) -> str:
    """What is wrong below and above, where something is."""
    words = [f"{side}: {wrong}" for side, wrong in zip(("below", "above"), ends, strict=True) if wrong]
    return f" ({', '.join(words)})" if words else ""


def _fate(built: Built) -> str:
    """What became of a direction of a recipe, in a line."""
    if built.direction is None:
        return f"{built.name:<12} left out: {in_flags(built.reason)}"
    story = built.direction.story
    told = f"judge {story['judge_step']:.3g} a step, works for {story['works']:.0%}, leakage {story['total_leakage']:.2f} sd"
    return f"{_line(built.direction)}: {told}{' (was there already)' if built.kept else ''}"


def _line(direction: Direction | Facts) -> str:
    label = direction.story.get("label")
    changes = f"; changes {label}" if label else ""
    span = f", {direction.span[0]:g} to {direction.span[1]:g} steps" if direction.span else ""
    layers = f", layers {direction.layers[0]}-{direction.layers[1]}" if direction.layers else ""
    return f"{direction.name:<20} a step is {with_unit(f'{direction.step:g}', direction.unit)}{span} ({_space(direction)}{layers}){changes}"


def _entry(direction: Direction | Facts) -> dict[str, object]:
    return {
        "name": direction.name, "space": _space(direction), "unit": direction.unit, "step": direction.step,
        "span": direction.span, "layers": direction.layers, "model": direction.model, "found_by": direction.found_by,
        "leakage": dict(direction.leakage), "story": dict(direction.story),
    }  # fmt: skip


def _space(direction: Direction | Facts) -> str:
    return direction.space if isinstance(direction.space, str) else direction.space.name


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{key} {item:.2f}" if isinstance(item, float) else f"{key} {item}" for key, item in value.items()
        )
    return str(value)
