"""`latentlab discover`: find directions in a network's latent space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Discover(Command):
    """Find directions and keep them under lab/directions/.

    Methods that learn from scores fill a score bank first (lab/banks/); it is kept, shared by all methods, extended on
    demand, and survives an interruption.
    """

    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "joint"
    """How to look."""
    psi: Annotated[float, tyro.conf.arg(metavar="PSI")] = 1.0
    """Truncation of the samples in the bank."""
    engine: Literal["local", "ray"] = "local"
    """Where the bank is filled; ray needs latentlab[cluster]."""
    before: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO")] = ()
    """Pictures before the change (method pairs); can be repeated."""
    after: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO")] = ()
    """Pictures after it, in the same order."""

    family: ClassVar[str] = "discoverer"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab discover --method joint --attribute smile",
        "latentlab discover --method interfacegan --attribute age --samples 20000 --name older",
        "latentlab discover --method sefa --network ffhq.pkl --components 8",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio.discover import directions_folder, discover

        with session.progress("discovering") as watch:
            found = discover(
                session.studio, session.method, before=self.before, after=self.after, psi=self.psi,
                engine=self.engine, watch=watch,
            )  # fmt: skip
        for direction in found:
            session.answer(
                f"{direction.name}: one step is {direction.step:g} {direction.unit}",
                name=direction.name, unit=direction.unit, step=direction.step, space=direction.space.name,
                found_by=direction.found_by,
            )  # fmt: skip
        session.say(f"kept in {directions_folder(session.studio)}; next: latentlab evaluate {found[0].name}")
