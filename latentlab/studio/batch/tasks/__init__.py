"""What a batch can do to every item, by name: adding a task is a file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentlab.core.registry import Registry

if TYPE_CHECKING:
    from latentlab.studio.batch.tasks.task import Task

TASKS: Registry[Task] = Registry(
    "task of a batch",
    {
        "align": "latentlab.studio.batch.tasks.align:AlignPhotos",
        "invert": "latentlab.studio.batch.tasks.invert:InvertPhotos",
        "edit": "latentlab.studio.batch.tasks.edit:EditPhotos",
        "score": "latentlab.studio.batch.tasks.score:ScorePhotos",
        "stylize": "latentlab.studio.batch.tasks.apply:StylizePhotos",
        "swap": "latentlab.studio.batch.tasks.apply:SwapPhotos",
        "makeup": "latentlab.studio.batch.tasks.makeup:MakeupPhotos",
        "frontalize": "latentlab.studio.batch.tasks.frontalize:FrontalizePhotos",
        "render": "latentlab.studio.batch.tasks.render:RenderSamples",
    },
)
