"""Settings and data so small that a training takes a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.backbones.stylegan import StyleGAN
from latentlab.backbones.stylegan2 import StyleGAN2
from latentlab.training.distributed import ALONE, ProcessGroup
from latentlab.training.run import Run
from latentlab.training.schedule import TrainingSchedule
from latentlab.training.trainer import Trainer

SMALL = StyleGAN2(
    resolution=16, channel_base=128, channel_max=8, z_width=8, w_width=8, mapping_layers=2, r1_every=4, path_every=2, ema_images=50,
    learning_rate=0.002, channels_last=False,
)  # fmt: skip
SCHEDULE = TrainingSchedule(batch=16, report_steps=1, picture_steps=0, save_seconds=1e9)


def disc(number: int, size: int = 16) -> Tensor:
    """A coloured disc on a coloured ground, bytes [3 r r]."""
    draws = torch.rand(8, generator=torch.Generator().manual_seed(number))
    axis = torch.linspace(-1, 1, size)
    inside = (axis[:, None] - draws[0] + 0.5).square() + (axis - draws[1] + 0.5).square() < 0.2
    return (torch.where(inside, draws[2:5, None, None], draws[5:8, None, None]) * 255).to(torch.uint8)


def discs(numbers: Sequence[int]) -> dict[str, Tensor]:
    return {"images": torch.stack([disc(number) for number in numbers])}


def labelled(numbers: Sequence[int]) -> dict[str, Tensor]:
    return discs(numbers) | {"labels": torch.eye(3)[torch.tensor(list(numbers)) % 3]}


def of_size(kind: type[StyleGAN], **changes: Any) -> StyleGAN:
    """SMALL's sizes in a training of any generation."""
    shared = {one.name: getattr(SMALL, one.name) for one in fields(StyleGAN)}
    return kind(**(shared | changes))


def teach(
    folder: Path, steps: int, *, schedule: TrainingSchedule = SCHEDULE, processes: ProcessGroup = ALONE, resume: bool = False, source: Any = discs, kind: type[StyleGAN] = StyleGAN2, **changes: Any
) -> Trainer:  # fmt: skip
    model = replace(SMALL, **changes) if kind is StyleGAN2 else of_size(kind, **changes)
    trainer = Trainer(model, Run(folder, tensorboard=False), schedule, processes=processes)
    trainer.begin(resume=resume).fit(source, steps * schedule.batch)
    return trainer
