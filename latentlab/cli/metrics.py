"""`latentlab metrics`: how a network's samples compare with real pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import ComparedSamples, Psi, SamplesOrNone

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Metrics(Command):
    """Compare a network's samples with real pictures.

    Fréchet and kernel distance, precision and recall, in every feature space that is at hand: the judge scorer's, the
    network's own discriminator's, dlib's identity embedding, and Inception's where torch-fidelity and its weights are here.
    Only the last is ever called FID. Beside each Fréchet distance stands that of two halves of the real pictures.
    """

    data: Annotated[str, tyro.conf.arg(metavar="FOLDER")] = "renders"
    """A folder of real pictures, or 'renders': fresh faces of the face world."""
    n: Annotated[ComparedSamples, tyro.conf.arg(metavar="N")] = 1000
    """How many samples, and at most as many real pictures."""
    psi: Annotated[Psi, tyro.conf.arg(metavar="PSI")] = 1.0
    """Truncation of the samples."""
    dlib: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 500
    """At most so many faces in dlib's space (0.1 s a face); 0 leaves it out."""
    path_length: Annotated[SamplesOrNone, tyro.conf.arg(metavar="N")] = 0
    """Samples for the perceptual path length; 0 leaves it out."""
    inception: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Inception weights of torch-fidelity, where they are not found by themselves."""

    examples: ClassVar[tuple[str, ...]] = (
        "latentlab metrics --n 5000",
        "latentlab metrics --network runs/cats/generator.safetensors --data cats --dlib 0 --path-length 1000",
    )

    def run(self, session: Session) -> None:
        from latentlab.studio import Compare

        request = Compare(**{field.name: getattr(self, field.name) for field in fields(self)})
        with session.progress("measuring") as watch:
            compared = session.studio.metrics(request, watch)
        for row in compared.spaces:
            session.answer(
                f"{row.frechet_name} {row.frechet:.4g} (halves of the real ones: {row.floor:.4g}), {row.kernel_name} "
                f"{row.kernel:.4g}, precision {row.precision:.3f}, recall {row.recall:.3f} ({row.made} samples, {row.real} real)",
                **asdict(row),
            )
        for name, value in compared.lengths.items():
            session.answer(f"{name} {value:.4g}", name=name, value=value)
