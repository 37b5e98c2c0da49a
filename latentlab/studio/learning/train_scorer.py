"""Teaching scorers as a task: render, train, measure on people never seen, write the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from latentlab.core.errors import BadInput, unknown
from latentlab.core.ranges import Batch, Channels, Count, Depth, ImagesShown, Pixels, Views, check
from latentlab.core.watch import Watch, silent
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.backbones.scorer import Labelled
    from latentlab.studio.fields import TrainScorerFields

ROLES = ("guide", "judge", "witness", "identity")
SEEDS = {
    "guide": 2, "judge": 3, "identity": 11, "held out": 4, "held-out people": 13, "witness": 21, "witness toon": 22,
    "witness held out": 23,
}  # fmt: skip
"""Apart from one another: guide, judge, witness and the measurement never share a person."""
RATE, RATES = 2e-3, {"witness": 1.5e-3}
"""Highest learning rates: attention bears less."""
WITNESS_SAMPLES = 2
"""Sub-pixels per side and pixel of what a witness learns from; guide and judge learn from finer ones below 128 pixels."""


@dataclass(frozen=True)
class TrainScorer:
    """What to teach, with how many renders, for how long."""

    out: Path
    """The run's folder; `ROLE.safetensors` will lie in it."""
    role: Literal["guide", "judge", "witness", "identity"] = "guide"
    """guide (discovery and closed loops see it), judge (other architecture, seed and people), witness (only reports: other
    architecture, loss, law of faces and half of them cartoons, and photographs), or identity."""
    faces: Count = 20_000
    """Renders to learn from."""
    held_out: Count = 5_000
    """Renders to measure with."""
    images: ImagesShown = 400_000
    """Pictures to show in all."""
    batch: Batch = 64
    size: Pixels = 96
    """Pixels a side that the network reads."""
    width: Channels = 32
    """Channels of its first stage."""
    depth: Depth = 1
    """Convolutions of a judge, residual units of a guide, at each size; blocks of attention of a witness."""
    views: Views = 10
    """Pictures of each person, for identity."""
    renders: Path | None = None
    """Folder that keeps the renders, so that roles can share the held-out ones; OUT/renders if not given."""
    photographs: tuple[Path, ...] = ()
    """Folders of aligned photographs that a witness learns from too: their labels.csv tells sex and age; held-out people
    are left out."""
    face_model: str | None = None
    engine: str = "local"
    resume: bool = False

    def __post_init__(self) -> None:
        check(self)

    def run(self, seed: int = 0, watch: Watch | None = None) -> Path:
        """Train; returns the scorer's file."""
        from latentlab.backbones.scorer import IdentityTraining, ScorerTraining, train_identity, train_scorer
        from latentlab.teaching.plan import TrainingPlan
        from latentlab.training.schedule import TrainingSchedule

        self._check_role()
        tell = watch or silent
        data, held_out = self._witnessed(seed, tell) if self.role == "witness" else self._rendered(seed, tell)
        plan = TrainingPlan(
            self.out, self.images, resume=self.resume, device="cpu",
            schedule=TrainingSchedule(batch=self.batch, seed=seed, picture_steps=0),
        )  # fmt: skip
        if self.role == "identity":
            people = int(data.values.max()) + 1
            who = IdentityTraining(people, self.width, self.size, images=self.images)
            return train_identity(who, data, held_out, plan, tell)
        what = ScorerTraining(
            self.role, self.width, self.size, self.depth, RATES.get(self.role, RATE), images=self.images
        )
        return train_scorer(what.fitted(data.values), data, held_out, plan, tell)

    def _check_role(self) -> None:
        """Before anything is rendered."""
        if self.role not in ROLES:
            raise unknown("scorer role", self.role, ROLES)
        if self.depth < 1 or (self.depth > 1 and self.role == "identity"):
            raise BadInput(
                f"a depth of {self.depth} fits no {self.role}: guide, judge and witness take 1 or more, identity has 1"
            )
        if self.photographs and self.role != "witness":
            raise BadInput(
                f"a {self.role} learns from renders alone; leave out `photographs`, or train a witness: `role` witness"
            )

    def _rendered(self, seed: int, tell: Watch) -> tuple[Labelled, Labelled]:
        """What the role learns from and what it is measured on."""
        views, law = (self.views, "natural") if self.role == "identity" else (0, "factorial")
        test = "held-out people" if views else "held out"
        return (
            self._faces(self.role, self.faces, seed, tell, law=law, views=views),
            self._faces(test, self.held_out, seed, tell, law=law, views=views),
        )

    def _witnessed(self, seed: int, tell: Watch) -> tuple[Labelled, Labelled]:
        """Loose faces, every other one a cartoon, and photographs; measured on renders of natural faces."""
        from latentlab.backbones.known_photographs import known_photographs, shown_fairly, together

        photographs = known_photographs(self.photographs, self.size) if self.photographs else None
        half = max(1, self.faces // 2)
        coarse: dict[str, Any] = {"law": "loose", "samples": WITNESS_SAMPLES}
        parts = [
            self._faces("witness", max(1, self.faces - half), seed, tell, **coarse),
            self._faces("witness toon", half, seed, tell, style="toon", **coarse),
        ]
        if photographs is not None:
            parts.append(shown_fairly(photographs))
        return together(parts), self._faces("witness held out", self.held_out, seed, tell, law="natural")

    def _faces(self, name: str, count: int, seed: int, tell: Watch, **how: Any) -> Labelled:
        from latentlab.backbones.labelled import FaceSet, labelled

        place = (self.renders or Path(self.out) / "renders") / name.replace(" ", "-")
        faces = FaceSet(count, SEEDS[name] + 100 * seed, self.size, **how)
        return labelled(faces, place, self.face_model, self.engine, tell)


def train_scorer(studio: Lab, watch: Watch | None = None, **fields: Unpack[TrainScorerFields]) -> Path:
    """Teach a scorer; the fields are those of `TrainScorer`."""
    return TrainScorer(**fields).run(studio.seed, studio.tell(watch))
