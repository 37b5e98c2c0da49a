"""Teaching a baseline: from the face world or a folder to one file that edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentlab.baselines import BASELINES
from latentlab.baselines.baseline import Baseline
from latentlab.baselines.files import pack
from latentlab.baselines.samples import open_samples
from latentlab.core.watch import Watch, silent
from latentlab.teaching import TrainingPlan, teach
from latentlab.teaching.presets import Preset, choose
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule


@dataclass(frozen=True)
class TrainBaseline:
    """What is taught, on what, for how long."""

    name: str
    out: Path
    """The run's folder; NAME.safetensors will lie in it."""
    data: str | Path = "world"
    """`world`, or a folder in the layout that the method's paper used."""
    preset: str = "world"
    images: int = 100_000
    seconds: float = float("inf")
    fresh: int = 3000
    """Different samples of the face world."""
    resume: bool = False
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Single settings of the method or the schedule, by name."""

    def run(self, watch: Watch = silent) -> Path:
        """Train; returns the file, which is also written when the training is interrupted."""
        chosen = presets(self.name)
        preset = choose(chosen, self.preset, self.name).changed(self.settings)
        method: Baseline = preset.model
        source = open_samples(method, self.data, preset.schedule.seed, self.fresh)
        plan = TrainingPlan(
            out=self.out, images=self.images, seconds=self.seconds, resume=self.resume, device=self.device,
            schedule=preset.schedule, story={"preset": self.preset},
        )  # fmt: skip
        try:
            teach(method, source, plan, watch)
        finally:
            self._write(method)
        return self.file

    @property
    def file(self) -> Path:
        """What comes of it."""
        return Path(self.out) / f"{self.name}.safetensors"

    def _write(self, method: Baseline) -> None:
        """The newest checkpoint as a file to use; nothing where nothing was saved yet."""
        run = Run(self.out)
        if not run.checkpoints or (checkpoint := run.newest()) is None:
            return
        own = ("images", "step", "batch", "seed", "seconds", "data", "shown", "preset", "threads")
        training = {name: checkpoint.story[name] for name in own if name in checkpoint.story}
        pack(self.name, method, checkpoint, {"training": training}).save(self.file)


def presets(name: str) -> dict[str, Preset[Baseline]]:
    """A baseline's presets with their schedules."""
    kind = BASELINES[name]
    found = {}
    for preset in kind.presets:
        batch = kind.world_batch if preset == "world" else kind.published_batch
        schedule = TrainingSchedule(batch=batch, save_seconds=120, report_steps=50, picture_steps=250)
        found[preset] = Preset(kind.preset(preset), schedule)
    return found
