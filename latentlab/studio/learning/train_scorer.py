"""Teaching scorers as a task: render, train, measure on people never seen, write the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from latentlab.core.errors import BadInput, unknown
from latentlab.core.ranges import Batch, Channels, Count, Depth, ImagesShown, Pixels, Views, check
from latentlab.core.watch import Watch, silent
from latentlab.studio.lab import Lab

if TYPE_CHECKING:
    from latentlab.studio.fields import TrainScorerFields

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
    """Convolutions of a judge, residual units of a guide, at each size."""
    views: Views = 10
    """Pictures of each person, for identity."""
    renders: Path | None = None
    """Folder that keeps the renders, so that roles can share the held-out ones; OUT/renders if not given."""
    face_model: str | None = None
    engine: str = "local"
    resume: bool = False

    def __post_init__(self) -> None:
        check(self)

    def run(self, seed: int = 0, watch: Watch | None = None) -> Path:
        """Train; returns the scorer's file."""
        from latentlab.backbones.labelled import FaceSet, labelled
        from latentlab.backbones.scorer import IdentityTraining, ScorerTraining, train_identity, train_scorer
        from latentlab.teaching.plan import TrainingPlan
        from latentlab.training.schedule import TrainingSchedule

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
        plan = TrainingPlan(
            self.out, self.images, resume=self.resume, device="cpu",
            schedule=TrainingSchedule(batch=self.batch, seed=seed, picture_steps=0),
        )  # fmt: skip
        if views:
            people = int(data.values.max()) + 1
            who = IdentityTraining(people, self.width, self.size, images=self.images)
            return train_identity(who, data, held_out, plan, tell)
        what = ScorerTraining(self.role, self.width, self.size, self.depth, images=self.images)
        return train_scorer(what.fitted(data.values), data, held_out, plan, tell)


def train_scorer(studio: Lab, watch: Watch | None = None, **fields: Unpack[TrainScorerFields]) -> Path:
    """Teach a scorer; the fields are those of `TrainScorer`."""
    return TrainScorer(**fields).run(studio.seed, studio.tell(watch))
