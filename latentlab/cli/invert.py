"""`latentlab invert`: photos to inverted faces in the lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from latentlab.cli.command import Command
from latentlab.core.ranges import FaceNumber

if TYPE_CHECKING:
    from latentlab.cli.session import Session
    from latentlab.studio import Outcome


@dataclass(frozen=True)
class Invert(Command):
    """Find the latent of a face: align the photo, invert it, keep everything under lab/NAME/.

    The folder holds latent.safetensors, aligned.png and reconstruction.png. Run it again and finished photos are not
    done again; a photo that fails does not stop the rest.
    """

    photos: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="PHOTO...")] = ()
    """Photos with a face."""
    method: Annotated[str, tyro.conf.arg(metavar="NAME")] = "auto"
    """How to invert; auto counts in steps, or takes what fits --budget (seconds a photo)."""
    name: Annotated[str | None, tyro.conf.arg(metavar="NAME")] = None
    """Name in the lab; the photo's own if left out."""
    face: Annotated[FaceNumber | None, tyro.conf.arg(metavar="N")] = None
    """Which face of a photo with several: 1 is the leftmost."""
    start: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE")] = None
    """Begin from an inversion of the same photo, or from saved latents (.npz, .npy, .pt)."""
    mask: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A picture of the aligned face: white where the photo counts, black over what hides the face."""
    together: bool = False
    """All photos show one person and share one pivot."""
    profile: bool = False
    """Also accept faces seen from the side."""
    encoder: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Another encoder than the network's own (e4e and pSp checkpoints as well)."""
    force: bool = False
    """Invert again what is finished; replace what has the same name."""

    family: ClassVar[str] = "inverter"
    examples: ClassVar[tuple[str, ...]] = (
        "latentlab invert photo.jpg",
        "latentlab invert photo.jpg --budget 20",
        "latentlab invert --method pivot --name anna anna1.jpg anna2.jpg --together",
        "latentlab invert --network ffhq.pkl --method descend --space w+ --steps 300 photo.jpg",
    )

    def run(self, session: Session) -> int:
        from latentlab.studio import Invert as Request

        request = Request(
            session.method, self.name, self.face, self.start, self.mask, self.together, self.profile, self.force,
            self.encoder,
        )  # fmt: skip
        with session.progress("inverting", len(self.photos), "photos") as watch:
            for outcome in session.studio.inverted(self.photos, request, watch):
                with session.step(outcome.photo):
                    if outcome.error is not None:
                        raise outcome.error
                    self._tell(session, outcome)
        return session.exit_code

    def _tell(self, session: Session, outcome: Outcome) -> None:
        for note in outcome.notes:
            session.note(f"{outcome.photo}: {note}")
        from latentlab.studio import nearness

        face = outcome.face
        assert face is not None, "a photo without an error is a face"
        measures = {name: round(value, 4) for name, value in face.measures.items()}
        session.answer(
            f"{outcome.photo} → {face.folder}{' (was there already)' if outcome.kept else ''}: {nearness(face)}",
            photo=str(outcome.photo), name=face.name, folder=str(face.folder), kept=outcome.kept, measures=measures,
            network=_network(face.origin), seconds=face.origin.get("seconds"), steps=face.origin.get("steps"), notes=outcome.notes,
        )  # fmt: skip


def _network(story: Mapping[str, object]) -> object:
    """The name of the network that a face is of."""
    told = story.get("network")
    return told.get("name") if isinstance(told, Mapping) else None
