"""`latentlab train-scorer`: networks that see the factors of a face, or who it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command
from latentlab.cli.train import learn

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class TrainScorer(Command):
    """Teach a scorer on renders whose every factor is known.

    Renders what it needs first (kept in the run's folder, resumed after an interruption), trains, and measures on
    people it never saw: the R² of each attribute stands in the file. guide and judge differ in architecture, seed and
    people, so that what one discovers the other can judge.
    """

    out: Annotated[Path, tyro.conf.arg(metavar="FOLDER", aliases=["-o"])]
    """The run's folder; ROLE.safetensors will lie in it."""
    role: Literal["guide", "judge", "identity"] = "guide"
    """guide, judge, or identity (an embedding for losses)."""
    faces: Annotated[int, tyro.conf.arg(metavar="N")] = 20_000
    """Renders to learn from."""
    held_out: Annotated[int, tyro.conf.arg(metavar="N")] = 5_000
    """Renders to measure with."""
    images: Annotated[int, tyro.conf.arg(metavar="N")] = 400_000
    """How many pictures to show in all."""
    batch: Annotated[int, tyro.conf.arg(metavar="N")] = 64
    """Pictures in a step."""
    size: Annotated[int, tyro.conf.arg(metavar="PIXELS")] = 96
    """Pixels a side that the network reads."""
    width: Annotated[int, tyro.conf.arg(metavar="N")] = 32
    """Channels of its first stage."""
    views: Annotated[int, tyro.conf.arg(metavar="N")] = 10
    """Pictures of each person, for identity."""
    renders: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Keep the renders there, so that several roles share the held-out ones."""
    face_model: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """The morphable face; LATENTLAB_FACE_MODEL if not given."""
    engine: Literal["local", "ray"] = "local"
    """Where the renders are made: here, or on a Ray cluster."""
    resume: bool = False
    """Go on from the newest checkpoint in the folder."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab train-scorer --role guide --renders runs/renders --out runs/guide",
        "latentlab train-scorer --role judge --renders runs/renders --out runs/judge",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio.train_scorer import train_scorer

        learn(session, self.out, lambda watch: train_scorer(session.studio, watch, **vars(self)))
