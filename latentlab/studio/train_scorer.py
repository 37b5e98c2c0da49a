"""Teaching scorers as a task: render, train, measure on people never seen, write the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from latentlab.core.errors import BadInput, unknown

if TYPE_CHECKING:
    from latentlab.core.watch import Watch
    from latentlab.studio.studio import Studio

ROLES = ("guide", "judge", "identity")
SEEDS = {"guide": 2, "judge": 3, "identity": 11, "held out": 4, "held-out people": 13}
"""Apart from one another: guide, judge and the measurement never share a person."""


@dataclass(frozen=True)
class TrainScorer:
    """What to teach, with how many renders, for how long."""

    out: Path
    """The run's folder; `ROLE.safetensors` will lie in it."""
    role: Literal["guide", "judge", "identity"] = "guide"
    """guide (discovery and closed loops see it), judge (other architecture, seed and people), or identity."""
    faces: int = 20_000
    """Renders to learn from."""
    held_out: int = 5_000
    """Renders to measure with."""
    images: int = 400_000
    """Pictures to show in all."""
    batch: int = 64
    size: int = 96
    """Pixels a side that the network reads."""
    width: int = 32
    """Channels of its first stage."""
    depth: int = 1
    """Convolutions of a judge, residual units of a guide, at each size."""
    views: int = 10
    """Pictures of each person, for identity."""
    renders: Path | None = None
    """Folder that keeps the renders, so that roles can share the held-out ones; OUT/renders if not given."""
    face_model: str | None = None
    engine: str = "local"
    resume: bool = False

    def run(self, seed: int = 0, watch: Watch | None = None) -> Path:
        """Train; returns the scorer's file."""
        from latentlab.backbones.labelled import FaceSet, labelled
        from latentlab.backbones.scorer import train_identity, train_scorer
        from latentlab.core.watch import silent
        from latentlab.training.run import Run

        if self.role not in ROLES:
            raise unknown("scorer role", self.role, ROLES)
        if self.depth < 1 or (self.depth > 1 and self.role == "identity"):  # before anything is rendered
            raise BadInput(
                f"a depth of {self.depth} fits no {self.role}: guide and judge take 1 or more, identity has 1"
            )
        place, tell = self.renders or Path(self.out) / "renders", watch or silent
        views, law = (self.views, "natural") if self.role == "identity" else (0, "factorial")
        test = "held-out people" if views else "held out"
        learn = FaceSet(self.faces, SEEDS[self.role] + 100 * seed, self.size, law, views)
        measure = FaceSet(self.held_out, SEEDS[test] + 100 * seed, self.size, law, views)
        data, held_out = (
            labelled(faces, place / name.replace(" ", "-"), self.face_model, self.engine, tell)
            for faces, name in ((learn, self.role), (measure, test))
        )
        run = Run(Path(self.out))
        options = {
            "images": self.images,
            "batch": self.batch,
            "width": self.width,
            "size": self.size,
            "seed": seed,
        }
        if views:
            archive = train_identity(data, held_out, run, resume=self.resume, watch=tell, **options)
        else:
            archive = train_scorer(
                self.role, data, held_out, run, resume=self.resume, watch=tell, depth=self.depth, **options
            )
        return archive.save(Path(self.out) / f"{self.role}.safetensors")


def train_scorer(studio: Studio, watch: Watch | None = None, **fields: object) -> Path:
    """Teach a scorer; the fields are those of `TrainScorer`."""
    return TrainScorer(**fields).run(studio.seed, studio.tell(watch))  # type: ignore[arg-type]
