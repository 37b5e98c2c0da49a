"""`latentlab world`: the rendered face world: data sets, contact sheets, the face model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Pictures, Pixels, SheetRows, SheetSide, Workers

if TYPE_CHECKING:
    from latentlab.cli.session import Session

FaceModel = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
Law = Literal["natural", "factorial", "loose"]
Style = Literal["photo", "toon"]


@dataclass(frozen=True)
class Render(Command):
    """Render a data set of faces whose every factor is known.

    The images can be given to any StyleGAN tool; factors.parquet holds every factor, landmarks and pose of each. It is
    written in whole blocks, and the same command goes on where it was stopped, to the same bytes.
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """Where the data set goes."""
    n: Annotated[Pictures, tyro.conf.arg(metavar="N")] = 20000
    """How many pictures."""
    size: Annotated[Pixels, tyro.conf.arg(metavar="PIXELS")] = 256
    """Side of the pictures."""
    law: Law = "natural"
    """natural: correlated as in life (for generators); factorial: independent (for judges); loose: natural
    people, their looks, light and place independent (for the witness)."""
    style: Style = "photo"
    """photo, or the same faces as cartoons."""
    workers: Annotated[Workers, tyro.conf.arg(metavar="N")] = 1
    """Processes; the bytes are the same for any number."""
    masks: bool = False
    """Also the semantic masks."""
    engine: Literal["local", "ray"] = "local"
    """Where it runs; ray needs latentlab[cluster]."""
    face_model: FaceModel = None
    """The morphable face; else LATENTLAB_FACE_MODEL, else the user data folder."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab world render --n 20000 --size 128 --out faces --workers 2",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import render_dataset

        with session.progress("rendering", self.n, "pictures") as watch:
            folder = render_dataset(
                self.out, self.n, session.seed, self.size, self.law, self.style, self.workers, masks=self.masks,
                face_model=self.face_model, engine=self.engine, watch=watch,
            )  # fmt: skip
        session.answer(f"{self.n} pictures in {folder}", folder=str(folder), n=self.n, seed=session.seed)


@dataclass(frozen=True)
class Sheet(Command):
    """Draw the contact sheet: random faces, then one face swept over each factor."""

    out: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o"])] = Path("sheet.png")
    """The picture."""
    size: Annotated[SheetSide, tyro.conf.arg(metavar="PIXELS")] = 160
    """Side of each face."""
    rows: Annotated[SheetRows, tyro.conf.arg(metavar="N")] = 4
    """Rows of random faces."""
    law: Law = "natural"
    """How the random faces are drawn."""
    style: Style = "photo"
    """photo, or the same faces as cartoons."""
    no_sweeps: bool = False
    """Only the random faces."""
    face_model: FaceModel = None
    """The morphable face; else LATENTLAB_FACE_MODEL, else the user data folder."""
    force: bool = False
    """Replace files that latentlab did not make."""

    def run(self, session: Session) -> None:
        from latentlab.studio import draw_sheet, writable

        writable(self.out.parent)
        with session.progress("drawing") as watch:
            path = draw_sheet(
                self.out, self.size, session.seed, self.law, self.style, self.rows, sweeps=not self.no_sweeps,
                face_model=self.face_model, watch=watch,
            )  # fmt: skip
        session.answer(str(path), file=str(path))


@dataclass(frozen=True)
class Import(Command):
    """Convert a checkout of the public ICT-FaceKit OBJ files into the face model that the world reads."""

    path: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FOLDER")]
    """A clone of ICT-FaceKit, or its FaceXModel folder."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", aliases=["-o"])] = None
    """Where it goes; the user data folder if left out."""
    force: bool = False
    """Replace files that latentlab did not make."""

    def run(self, session: Session) -> None:
        from latentlab.studio import import_face_model

        with session.progress("reading") as watch:
            path = import_face_model(self.path, self.out, watch)
        session.answer(str(path), file=str(path))
