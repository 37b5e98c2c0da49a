"""`latentlab convert`: weight files from one format to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Convert(Command):
    """Convert a weight file: everything to .safetensors, StyleGAN2 also to a rosinality .pt.

    Reads NVIDIA's pickles (StyleGAN, StyleGAN2, StyleGAN2-ADA, StyleGAN3, TensorFlow and PyTorch), rosinality
    checkpoints, e4e and pSp encoders, and our own files; nothing in a file is ever executed. The new file is read back
    and its outputs are compared before it is kept.
    """

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCE")]
    """A weight file, or the name of a network."""
    target: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="TARGET")]
    """The new file; its ending is the format: .safetensors or .pt."""
    part: Annotated[str | None, tyro.conf.arg(metavar="G_ema|G|D|encoder")] = None
    """Which network, where the file holds several; G_ema if left out."""
    given: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=VALUE")] = ()
    """An argument that a bare state dict does not tell; can be repeated."""
    force: bool = False
    """Replace the target if it exists."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab convert stylegan2-ffhq.pkl ffhq.safetensors",
        "latentlab convert ffhq.safetensors ffhq.pt",
        "latentlab convert stylegan3-t.pkl discriminator.safetensors --part D",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.settings import parse_settings

        given = parse_settings(self.given) or None
        done = session.studio.convert(self.source, self.target, self.part, given=given, force=self.force)
        others = f"\nthe source also holds {', '.join(done.others)} (--part)" if done.others else ""
        for note in done.notes:
            session.note(note)
        session.answer(
            f"{done.path}: {done.part}, a {done.kind}; largest output difference after a round trip "
            f"{done.difference:.2g} (outputs reach {done.size:.2g}){others}",
            file=str(done.path),
            part=done.part,
            kind=done.kind,
            difference=done.difference,
            largest_output=done.size,
            others=done.others,
            notes=done.notes,
        )
