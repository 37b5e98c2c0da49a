"""`latentlab generate`: pictures from seeds or saved latents."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command, count
from latentlab.cli.words import Look, parse_grid

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Generate(Command):
    """Draw pictures from seeds or saved latents.

    Seeds mean what they mean in the published StyleGAN tools, and the files have the same names
    (seed0085.png), so known seeds give the known pictures. Each picture carries its recipe; 'latentlab replay'
    makes it again. Pictures that are there already are not drawn again, so an interrupted run goes on.
    """

    seeds: Annotated[str, tyro.conf.arg(metavar="LIST")] = "0-3"
    """Seeds as in the published tools, e.g. 0-3,85."""
    latents: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Saved latents instead of seeds: .safetensors, .npz (projected_w.npz as well), .npy or .pt."""
    look: tyro.conf.OmitArgPrefixes[Look] = field(default_factory=Look)
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
        from latentlab.core.seeds import parse_seeds
        from latentlab.studio import Generate as Request

        grid = None if self.grid is None else parse_grid(self.grid)
        request = Request(
            tuple(parse_seeds(self.seeds)), self.latents, grid=grid, rendering=self.look.rendering()
        )
        gallery = session.studio.gallery(request, self.out, force=self.force)
        for order in gallery.kept:
            session.emit(picture=str(gallery.path(order)), name=order.name, drawn=False)
        with session.progress("drawing", len(gallery.missing), "pictures") as watch:
            for name, path in gallery.fill(watch):
                session.emit(picture=str(path), name=name, drawn=True)
        before = f" ({len(gallery.kept)} were there already)" if gallery.kept else ""
        session.say(f"{count(len(gallery.plan.orders), 'picture')} in {self.out}{before}")
