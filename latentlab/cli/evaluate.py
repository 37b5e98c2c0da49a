"""`latentlab evaluate`: what directions really change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import ClassNumber, MeasuredSamples, Psi, Reach, SamplesOrNone

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Evaluate(Command):
    """Measure directions on fresh faces, by judges that discovery never saw.

    For each direction: the change of its target per step, of every other attribute (leakage, with 95 % intervals), the
    identity lost, monotony, and the span before pictures break. Writes an HTML report that needs no other file.
    """

    names: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="DIRECTION...")] = ()
    """Names or files of directions; see 'latentlab directions list'."""
    samples: Annotated[MeasuredSamples, tyro.conf.arg(metavar="N")] = 200
    """How many fresh faces."""
    psi: Annotated[Psi, tyro.conf.arg(metavar="PSI")] = 0.7
    """Truncation of the faces."""
    no_identity: bool = False
    """Skip the identity distance (dlib, about 0.1 s a face)."""
    reach: Annotated[Reach, tyro.conf.arg(metavar="STEPS")] = 3
    """How far to move, up and down."""
    dci: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 0
    """Also measure how disentangled Z, W, W+ and S are, on so many samples; 0 leaves it out."""
    judge: Literal["judge", "witness"] = "judge"
    """The network among the judges: judge, or witness, which was made apart from guide and judge and selects nothing."""
    scorer: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME=PLACE")] = ()
    """Judge by a scorer of your own: NAME=MODULE:FUNCTION, NAME=FILE.pt, NAME=FILE.onnx; can be repeated."""
    class_: Annotated[ClassNumber | None, tyro.conf.arg(name="class", metavar="K")] = None
    """The class of the fresh faces (conditional networks)."""
    assume_faces: bool = False
    """Apply scorers of faces although no detector finds faces in the network's samples."""
    update: bool = False
    """Write span and leakage as measured into the directions' own files; without it they stay as they are."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE", aliases=["-o"])] = Path("evaluation.html")
    """The report."""
    force: bool = False
    """Replace files that latentlab did not make."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab evaluate age smile yaw",
        "latentlab evaluate age --judge witness",
        "latentlab evaluate older --samples 500 --json > older.json",
    )

    def run(self, session: Session) -> None:
        from latentlab.core.errors import BadInput
        from latentlab.core.files import may_write
        from latentlab.studio import Judge

        if not self.names:
            raise BadInput("which directions? 'latentlab directions list' shows their names")
        may_write(self.out)  # before minutes of measuring
        request = Judge(
            self.samples,
            self.psi,
            self.reach,
            not self.no_identity,
            self.dci,
            self.judge,
            self.scorer,
            self.update,
            self.class_,
        )
        session.studio.assume_faces = self.assume_faces
        with session.progress("evaluating") as watch:
            judged = session.studio.evaluate(self.names, request, watch=watch)
        judged.save(self.out)
        for row, entry in zip(judged.evaluations, judged.as_json(), strict=True):
            session.answer(sentence(row), **entry)
        for pair in judged.confounders:
            session.say(str(pair))
        for space, found in judged.dci.items():
            told = ", ".join(f"{name} {value:.3f}" for name, value in found.items() if name != "n")
            session.answer(f"{space.upper()}: {told} ({found['n']} samples)", space=space, **found)
        session.say(f"report: {self.out}")


def sentence(row) -> str:
    """The measured row in words; brackets hold 95 % intervals."""
    identity = f", identity {_interval(row.identity)}" if row.identity is not None else ""
    return (
        f"{row.direction}: {row.target} {_interval(row.step)} a step ({_interval(row.step_sd)} sd); leakage "
        f"{_interval(row.total_leakage)} sd per sd{_per_face(row)}{identity}; monotony {row.monotony:.0%}, works for {row.works:.0%}, "
        + (f"span {row.span[0]:g} to {row.span[1]:g}" if row.span else "span not measured")
    )


def _per_face(row) -> str:
    """Leakage for each step, and face by face beside its floor."""
    told = f", {_interval(row.per_step)} sd per step" if row.per_step is not None else ""
    if row.per_face is not None:
        told += f", face by face {_interval(row.per_face)}"
        told += f" (of doing nothing {row.floor:.2f})" if row.floor is not None else ""
    return told


def _interval(value: tuple[float, float, float]) -> str:
    return f"{value[0]:.2f} [{value[1]:.2f}, {value[2]:.2f}]"
