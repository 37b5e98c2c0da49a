"""`latentlab models`: the well-known public weight files and the user's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import Count, SamplesOrNone, SheetSamples

if TYPE_CHECKING:
    from latentlab.cli.session import Session

Name = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NAME")]


@dataclass(frozen=True)
class List(Command):
    """List the networks that can be named: those that ship, the public ones, and those you added.

    A dot marks what is on this machine; everything else is one 'latentlab models fetch NAME' away.
    """

    here: bool = False
    """Only what is on this machine."""

    def run(self, session: Session) -> None:
        from latentlab.studio import models, shipped

        for name, path in shipped().items():
            session.answer(
                f"● {name:<34} ships with latentlab", name=name, present=True, file=str(path), ships=True
            )
        for model in models().list():
            if model.present or not self.here:
                mark = "●" if model.present else " "
                size = f", {model.size / 1e6:.0f} MB" if model.size else ""
                licence = f"  [{model.licence}]" if model.licence else ""
                session.answer(f"{mark} {model.name:<34} {model.about}{size}{licence}", **asdict(model))


@dataclass(frozen=True)
class Fetch(Command):
    """Download public weight files: resumable, checked against their hash.

    Where the publisher names no hash, that of the first download is kept and later ones are held to it.
    """

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME...")]
    """Names from 'latentlab models list'."""

    examples: ClassVar[tuple[str, ...]] = ("latentlab models fetch stylegan3-t-ffhq-1024x1024",)

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio import models

        if not self.names:
            raise BadInput("which models? 'latentlab models list' shows their names")
        for name in self.names:
            with session.step(name), session.progress(f"fetching {name}") as watch:
                path = models().fetch(name, watch)
                session.answer(f"{name}: {path}", name=name, file=str(path))
        return session.exit_code


@dataclass(frozen=True)
class Add(Command):
    """Give a weight file a name of its own: copies a file, or downloads an address.

    The file is opened before it is taken: what it holds is said, and a family that is not read is refused.
    """

    name: Name
    """The new name; afterwards: --network NAME."""
    origin: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="FILE|ADDRESS")]
    """A file on this machine, or an https address."""
    sha256: Annotated[str | None, tyro.conf.arg(metavar="HASH")] = None
    """What its SHA-256 has to be."""

    examples: ClassVar[tuple[str, ...]] = ("latentlab models add my-faces ~/training/network-snapshot.pkl",)

    def run(self, session: Session) -> None:
        from latentlab.studio import add_model

        with session.progress(f"adding {self.name}") as watch:
            added = add_model(self.name, self.origin, self.sha256, watch)
        for note in added.notes:
            session.note(f"{self.name}: {note}")
        session.answer(
            f"{self.name}: {added.about} ({added.path})",
            name=self.name,
            file=str(added.path),
            about=added.about,
        )


@dataclass(frozen=True)
class Verify(Command):
    """Check files against their known hashes; without a name, all that are here."""

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="NAME...")] = ()
    """Names from 'latentlab models list'."""

    def run(self, session: Session) -> int:
        from latentlab.studio import models

        for name in self.names or models().files():
            with session.step(name):
                model = models().verify(name)
                text = f"{name}: right ({model.hash_from}, SHA-256 {str(model.sha256)[:16]}…)"
                session.answer(text, name=name, sha256=model.sha256, hash_from=model.hash_from)
        return session.exit_code


@dataclass(frozen=True)
class Card(Command):
    """Show the model card of a network (Markdown): what it is, what it was measured to do.

    With --measure the card is made: faces that dlib finds in samples, distances of distributions to renders that no
    training saw, what the encoder reaches on renders and on photographs, whether a training photograph is reproduced,
    sheets of samples, and how it was trained, from the stories of its files. Interrupted, it goes on; text of your own
    goes into NOTES.md beside it.
    """

    name: Name
    """A name or a weight file."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE|FOLDER", aliases=["-o"])] = None
    """Write it there instead; with --measure the folder for CARD.md, card.json and the sheets (NAME-card if left out)."""
    measure: bool = False
    """Measure, and write the card."""
    detection: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 500
    """Samples at each ψ in which dlib looks for a face (0.1 s each); 0 leaves it out."""
    compared: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 1000
    """Samples, and twice as many renders, for distances of distributions; 0 leaves them out."""
    encoded: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 500
    """Held-out renders for the encoder (0.5 s each); 0 leaves it out."""
    photos: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Aligned photographs for the encoder; only people held out from all training are used."""
    training: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="FOLDER")] = ()
    """Photographs that the network learnt from, several folders if repeated: looks for samples that reproduce one."""
    nearest: Annotated[Count, tyro.conf.arg(metavar="N")] = 1000
    """Samples that are compared with them."""
    sheet: Annotated[SheetSamples, tyro.conf.arg(metavar="N")] = 48
    """Samples on each sheet."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab models card faces",
        "latentlab models card faces --measure --photos portraits --out assets/faces",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.files import write_text

        if self.measure:
            self._measure(session)
            return
        text = session.studio.on(self.name).card()
        if self.out is None:
            session.answer(text.rstrip(), name=self.name, card=text)
            return
        write_text(self.out, text)
        session.answer(str(self.out), name=self.name, file=str(self.out))

    def _measure(self, session: Session) -> None:
        from dataclasses import fields

        from latentlab.studio import Measures

        how = Measures(**{part.name: getattr(self, part.name) for part in fields(Measures)})
        folder = self.out or Path(f"{Path(self.name).stem}-card")
        with session.progress("measuring") as watch:
            path = session.studio.on(self.name).measure_card(how, folder, watch)
        session.answer(str(path), name=self.name, file=str(path))
