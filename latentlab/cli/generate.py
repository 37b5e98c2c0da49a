"""`latentlab generate`: pictures from seeds or saved latents."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command, count
from latentlab.studio.samples import Samples

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Generate(Command):
    """Draw pictures from seeds or saved latents.

    Seeds mean what they mean in the published StyleGAN tools, and the files have the same names
    (seed0085.png), so known seeds give the known pictures. Each picture carries its recipe; 'latentlab replay'
    makes it again. Pictures that are there already are not drawn again, so an interrupted run goes on.
    """

    samples: tyro.conf.OmitArgPrefixes[Samples] = field(default_factory=Samples)
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o", "--outdir"])] = Path("pictures")
    """Where the pictures go."""
    grid: Annotated[str | None, tyro.conf.arg(metavar="4x2")] = None
    """Also a sheet grid.png with so many columns and rows."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab generate --seeds 0-15 --psi .7 --grid 4x4",
        "latentlab generate --network stylegan2-ffhq.pkl --seeds 85,100-110 --out ffhq",
        "latentlab generate --seeds 7 --noise random --noise-seed 3",
        "latentlab generate --latents projected_w.npz",
    )
    aliases: ClassVar[dict[str, str]] = {
        "--trunc": "--psi",
        "--noise-mode": "--noise",
        "--projected-w": "--latents",
    }

    def run(self, session: Session) -> None:
        from latentlab.studio.gallery import Gallery

        gallery = Gallery(self.samples, self.out, grid=self.grid, force=self.force).open(session.studio)
        for order in gallery.kept:
            session.emit(picture=str(gallery.path(order)), name=order.name, drawn=False)
        with session.progress("drawing", len(gallery.missing), "pictures") as watch:
            for name, path in gallery.fill(watch):
                session.emit(picture=str(path), name=name, drawn=True)
        before = f" ({len(gallery.kept)} were there already)" if gallery.kept else ""
        session.say(f"{count(len(gallery.plan.orders), 'picture')} in {self.out}{before}")
