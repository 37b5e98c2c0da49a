"""The story of a training, as its files tell it and model cards print it."""

from __future__ import annotations

import platform
from typing import Any

import torch

from latentlab.training.trainer import Trainer


def training_story(trainer: Trainer) -> dict[str, Any]:
    """{"parent": …, "training": {settings, data, images, steps, device, …}}: what a model card needs to know."""
    device = platform.processor() or "CPU"
    if trainer.device.type == "cuda":
        device = torch.cuda.get_device_name(trainer.device)
    told = dict(trainer.story)
    return {
        "parent": told.pop("parent", None),
        "training": {
            **told, "images": trainer.images, "steps": trainer.step, "batch": trainer.schedule.batch, "device": device,
            "threads": torch.get_num_threads(), "processes": trainer.processes.size, "seed": trainer.schedule.seed,
        },
    }  # fmt: skip
