"""A run's folder: checkpoints (atomic, the last few kept), a log of JSON lines, TensorBoard events, sheets."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import make_folder, may_write, write_text
from latentlab.core.leftovers import sweep_folder
from latentlab.core.locks import Hold
from latentlab.core.made import MARK
from latentlab.training.checkpoint import Checkpoint

LOG = "log.jsonl"
SETTINGS = "run.json"


@dataclass(eq=False)
class Run:
    """Where a training leaves its traces, and finds them again."""

    folder: Path
    keep: int = 3
    """Checkpoints kept; older ones are removed after a newer one is safely written."""
    tensorboard: bool = True
    _writer: Any = field(default=None, repr=False)
    _hold: Hold | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        if self.keep < 1:
            raise BadInput(f"at least one checkpoint has to be kept, not {self.keep}")

    @property
    def checkpoints(self) -> list[Path]:
        """Those on disk, the oldest first."""
        return sorted((self.folder / "checkpoints").glob("step-*.safetensors"))

    def begin(self, settings: Mapping[str, object], *, resume: bool) -> Checkpoint | None:
        """Make the folder or, with `resume`, find the newest whole checkpoint in it (None: nothing was saved yet).

        The folder is this run's alone until `release`; InUse where another process trains into it.
        """
        self._claim(resume=resume)
        sweep_folder(self.folder)
        told = {"about": MARK, **settings}
        write_text(self.folder / SETTINGS, json.dumps(told, indent=1, sort_keys=True, default=str), own=True)
        checkpoint = self.newest() if resume else None
        self._cut_log(int(checkpoint.story["step"]) if checkpoint else 0)  # type: ignore[call-overload]
        return checkpoint

    def _claim(self, *, resume: bool) -> None:
        make_folder(self.folder)
        if not _is_run(self.folder / SETTINGS):
            for name in (SETTINGS, LOG, "samples.png"):
                may_write(self.folder / name)
        if self.checkpoints and not resume:
            raise BadInput(
                f"{self.folder} holds a training already; go on with `resume` or choose another folder with `out`"
            )
        self._hold = self._hold or Hold(self.folder, f"the run {self.folder}")

    def release(self) -> None:
        """Let another process train into the folder."""
        if self._hold is not None:
            self._hold.release()
        self._hold = None

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that can be read; a damaged one is passed over with a warning."""
        fault: BadFile | None = None
        for path in reversed(self.checkpoints):
            try:
                return Checkpoint.load(path)
            except BadFile as error:
                fault = error
                warnings.warn(f"{error}; the one before it is used", stacklevel=2)
        if fault is not None:
            raise fault
        return None

    def save(self, checkpoint: Checkpoint, step: int) -> Path:
        """Write a checkpoint, then forget those that are too old."""
        path = checkpoint.save(self.folder / "checkpoints" / f"step-{step:09d}.safetensors")
        for old in self.checkpoints[: -self.keep]:
            old.unlink(missing_ok=True)
        return path

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One JSON line, and the same as TensorBoard scalars."""
        try:
            with open(self.folder / LOG, "a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")
        except OSError as error:
            warnings.warn(
                f"cannot write {self.folder / LOG}: {error.strerror}; training goes on", stacklevel=2
            )
        if writer := self._events(step):
            for name, value in values.items():
                writer.add_scalar(name, value, step)

    def show(self, step: int, sheet: Tensor, name: str = "samples") -> None:
        """A sheet [3 h w] in [-1, 1] as TensorBoard image and as `NAME.png` (the newest replaces the one before)."""
        from latentlab.core.image import save_image

        save_image(sheet, self.folder / f"{name}.png", {"kind": "training samples", "step": step})
        if writer := self._events(step):
            writer.add_image(name, ((sheet.detach().float().cpu() + 1) / 2).clamp(0, 1), step)
            writer.flush()

    def close(self) -> None:
        """Let go of the event file and of the folder."""
        if self._writer:
            self._writer.close()
        self._writer = None
        self.release()

    def _events(self, step: int) -> Any:
        if self._writer is None and self.tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter

                self._writer = SummaryWriter(str(self.folder / "events"), purge_step=step)
            except ImportError:  # the log still has every number
                self.tensorboard = False
        return self._writer

    def _cut_log(self, step: int) -> None:
        """Drop lines beyond the checkpoint from which the training goes on: they will be written again."""
        path = self.folder / LOG
        if not path.exists():
            return
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if _step_of(line) <= step]
        write_text(path, "".join(line + "\n" for line in lines), own=True)


def _is_run(settings: Path) -> bool:
    """Whether a run of ours has left its settings here."""
    if not settings.is_file():  # a pipe would be waited for
        return False
    try:
        return {"model", "threads"} <= set(json.loads(settings.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return False


def _step_of(line: str) -> float:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):  # the last line of a killed run may be half a line
        return float("inf")
