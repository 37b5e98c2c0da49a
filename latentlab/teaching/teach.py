"""Teach a model: every trained network of the project, generators, encoders, scorers and baselines, goes through here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from latentlab.core.device import find_device
from latentlab.core.watch import Watch, silent
from latentlab.teaching.plan import TrainingPlan
from latentlab.teaching.saving import files_of, save_parts
from latentlab.teaching.story import training_story
from latentlab.training.ahead import Source
from latentlab.training.distributed import process_group
from latentlab.training.run import Run
from latentlab.training.trainable import Trainable
from latentlab.training.trainer import Trainer


def teach(trainable: Trainable, source: Source, plan: TrainingPlan, watch: Watch = silent) -> dict[str, Path]:
    """Train as planned, alone or in the process group that torchrun describes; returns the files by part to each process.

    The parts (`trainable.parts`) are written when the training ends, is interrupted, or stops for want of time or disk;
    not when a loss became NaN. A training that was killed goes on with `resume`, bit for bit on the same CPU.

    Raises:
        BadInput: a folder that holds a training already, a batch that cannot be dealt, another batch than before.
        OtherArchitecture: the folder's checkpoints belong to other settings.
        Diverged, OutOfMemory, DiskFull: what happened, and what to do; the last checkpoint is kept.
    """
    device = find_device(plan.device)
    files: dict[str, Path] = {}
    with process_group(device) as processes:
        if device.type == "cuda" and processes.size > 1:
            device = torch.device("cuda", processes.rank % torch.cuda.device_count())
        run = Run(plan.out, plan.schedule.keep)
        trainer = Trainer(trainable, run, plan.schedule, device, processes, measure=plan.measure)
        trainer.begin(resume=plan.resume)
        if plan.begin is not None and not trainer.step:
            trainer.story |= plan.begin(trainer) or {}
        trainer.story |= _told(source, plan)
        try:
            trainer.fit(source, plan.images, seconds=plan.seconds, watch=watch)
        finally:
            if processes.leads and trainer.sound:
                story = {**training_story(trainer), **trainable.facts()}
                parts = trainable.parts(trainer.networks)
                files = save_parts(trainer.networks, parts, plan.out, story, half=plan.half)
        processes.agree(True)  # the others leave when the files are there
        return files or files_of(trainer.networks, trainable.parts(trainer.networks), plan.out)


def _told(source: Source, plan: TrainingPlan) -> dict[str, Any]:
    shown = len(source) if hasattr(source, "__len__") else None
    return {"data": getattr(source, "fingerprint", ""), "shown": shown, **plan.story}
