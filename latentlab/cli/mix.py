"""`latentlab mix`: a grid that takes some layers from one sample and the others from another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command, count
from latentlab.cli.words import Look

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.studio import Picture


@dataclass(frozen=True)
class Mix(Command):
    """Mix the styles of samples: rows give one part of the layers, columns the other.

    Writes one picture for each pair (85-55.png is row 85 with the styles of column 55) and grid.png with the
    sources along its edges.
    """

    rows: Annotated[str | None, tyro.conf.arg(metavar="LIST")] = None
    """Seeds of the rows, 0-2 if left out: they give all layers but those named by --styles."""
    cols: Annotated[str | None, tyro.conf.arg(metavar="LIST")] = None
    """Seeds of the columns, 3-6 if left out: they give the layers named by --styles."""
    latents: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Saved latents (as in generate) instead of seeds: --rows and --cols count them, from 0 on."""
    row_latents: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Saved latents for the rows alone; all of them unless --rows says which."""
    col_latents: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """The same for the columns."""
    styles: Annotated[str, tyro.conf.arg(metavar="FIRST-LAST")] = "0-6"
    """The layers that come from the column; low ones are coarse (pose, shape), high ones fine (colours)."""
    look: tyro.conf.OmitArgPrefixes[Look] = field(default_factory=Look)
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o", "--outdir"])] = Path("mixed")
    """Where the pictures go."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab mix --rows 85,100 --cols 55,821 --styles 0-3 --psi .7",
        "latentlab mix --network stylegan2-ffhq.pkl --rows 0-3 --cols 10-14 --styles 8-17",
        "latentlab mix --row-latents projected_w.npz --cols 3-6 --styles 4-9",
    )
    aliases: ClassVar[dict[str, str]] = {
        "--trunc": "--psi",
        "--noise-mode": "--noise",
        "--row-seeds": "--rows",
        "--col-seeds": "--cols",
        "--col-styles": "--styles",
    }

    def run(self, session: Session) -> None:
        from latentlab.core.overlap import overlapped
        from latentlab.core.seeds import parse_numbers, parse_seeds
        from latentlab.studio import Mix as Request
        from latentlab.studio import writable

        rows, cols = (None if text is None else tuple(parse_seeds(text)) for text in (self.rows, self.cols))
        layers = tuple(parse_numbers(self.styles, "layers"))
        files = (self.row_latents or self.latents, self.col_latents or self.latents)
        request = Request(rows, cols, layers, True, *files, self.look.rendering())
        writable(self.out)
        written = 0
        with session.progress("mixing", 0) as watch:
            for name, path in overlapped(session.studio.mixed(request, watch), self._save):
                session.emit(picture=str(path), name=name)
                written += 1
        session.say(f"{count(written - 1, 'mixed picture')} and grid.png in {self.out}")

    def _save(self, picture: Picture) -> tuple[str, Path]:
        from latentlab.studio import may_replace

        path = self.out / f"{picture.name}.png"
        may_replace(path, force=self.force)
        return picture.name, picture.save(path)
