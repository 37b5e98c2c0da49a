"""`latentlab replay`: pictures made again from the recipes in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Replay(Command):
    """Make pictures again from the recipes in them, and compare.

    Says of each picture whether the pixels are equal, or within 1/255, and what has changed since (versions, kernels,
    threads, batch). Of an edited clip name the clip it was made from with --input. The network is found by its hash: give its file with --network if it is not one that ships. Exits
    with 1 when a picture comes out otherwise.
    """

    files: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PICTURE...")] = ()
    """PNG files, and edited clips, that latentlab wrote."""
    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])] = Path("replayed")
    """Where the pictures made again go."""
    force: bool = False
    """Replace files that latentlab did not make."""
    input: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], tyro.conf.arg(metavar="FILE")] = ()
    """A file that a picture was made from (saved latents, a photo); found by its hash."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab replay pictures/seed0085.png",
        "latentlab replay older.mp4 --input clip.mp4",
        "latentlab replay --network stylegan2-ffhq.pkl ffhq/*.png --out again",
    )

    def run(self, session: Session) -> int:
        from latentlab.core.errors import BadInput
        from latentlab.studio import may_replace, writable

        if not self.files:
            raise BadInput("which pictures? for example: latentlab replay pictures/seed0000.png")
        writable(self.out)
        same = True
        for path in self.files:
            with session.step(path):
                result = session.studio.replay(path, self.input)
                target = self.out / f"{path.stem}{result.ending}"
                if result.ending == ".png":
                    may_replace(target, force=self.force)
                saved = result.picture.save(target)
                same &= result.largest <= 1
                session.answer(
                    f"{path}: {result.verdict}",
                    picture=str(path),
                    again=str(saved),
                    largest=result.largest,
                    changes=result.changes,
                )
        return session.exit_code or (0 if same else 1)
