"""`latentlab discover`: find directions in a network's latent space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import ClassNumber, Count, Psi, Seed
from latentlab.core.text import with_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latentlab.cli.session import Session
    from latentlab.core.direction import Direction
    from latentlab.studio import Studio


@dataclass(frozen=True)
class Discover(Command):
    """Find directions and keep them under lab/directions/.

    Methods that learn from scores fill a score bank first (lab/banks/); it is kept, shared by all methods, extended on
    demand, and survives an interruption.
    """

    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "joint"
    """How to look."""
    psi: Annotated[Psi, tyro.conf.arg(metavar="PSI")] = 1.0
    """Truncation of the samples in the bank."""
    engine: Literal["local", "ray"] = "local"
    """Where the bank is filled; ray needs latentlab[cluster]."""
    labels: Annotated[str, tyro.conf.arg(metavar="TABLE")] = ""
    """Your own labels instead of scores: CSV or Parquet with a column seed (or file) and any others."""
    scorer: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=PLACE")] = ()
    """A scorer of your own: NAME=MODULE:FUNCTION, NAME=FILE.pt, NAME=FILE.onnx; can be repeated."""
    first_seed: Annotated[Seed, tyro.conf.arg(metavar="SEED")] = 0
    """The bank's first sample; another one is another bank, to see what of a direction is chance."""
    before: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO")] = ()
    """Pictures before the change (method pairs): a photo, a folder of photos, an inversion; can be repeated."""
    after: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO")] = ()
    """Pictures after it, in the same order."""
    renders: Annotated[str, tyro.conf.arg(metavar="FACTOR=CHANGE")] = ""
    """Instead of pictures: rendered faces that differ in this alone (age=20, smile=0.5, glasses=1)."""
    pairs: Annotated[Count, tyro.conf.arg(metavar="N")] = 32
    """How many pairs to render."""

    class_: Annotated[ClassNumber | None, tyro.conf.arg(name="class", metavar="K")] = None
    """The class of all samples (conditional networks)."""
    assume_faces: bool = False
    """Apply scorers of faces although no detector finds faces in the network's samples."""

    family: ClassVar[str] = "discoverer"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab discover --method joint --attribute smile",
        "latentlab discover --method interfacegan --attribute age --samples 20000 --name older",
        "latentlab discover --method sefa --network ffhq.pkl --components 8",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import Discover as Request

        request = Request(
            session.method,
            self.before,
            self.after,
            self.renders,
            self.pairs,
            self.psi,
            self.engine,
            labels=self.labels,
            scorers=self.scorer,
            first_seed=self.first_seed,
            class_=self.class_,
        )
        session.studio.assume_faces = self.assume_faces
        with session.progress("discovering") as watch:
            found = session.studio.discover(request, watch=watch)
        for direction in found:
            label = direction.story.get("label")
            told = f" changes {label}" if label else ""
            session.answer(
                f"{direction.name}:{told} one step is {with_unit(f'{direction.step:g}', direction.unit)}",
                name=direction.name, unit=direction.unit, step=direction.step, space=direction.space.name,
                found_by=direction.found_by, label=label, effects=direction.story.get("effects"),
            )  # fmt: skip
        for line in told_of_confounders(session.studio, found):
            session.note(line)
        session.say(f"kept in {Path(session.home) / 'directions'}; next: latentlab evaluate {found[0].name}")


def told_of_confounders(studio: Studio, found: Sequence[Direction]) -> list[str]:
    """What comes with the attributes just learned, from the bank they were learned from."""
    if not any(direction.story.get("n") for direction in found):
        return []
    targets = {str(direction.story.get("attribute", "")) for direction in found}
    return [str(pair) for pair in studio.confounders() if {pair.one, pair.other} & targets]
