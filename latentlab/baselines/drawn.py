"""Training samples drawn in the face world: what several baselines share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from latentlab.data.batches import ClassMasks, TwoDomains
from latentlab.world.tasks import TaskPair, task_pairs
from latentlab.world.visible import CLASS

if TYPE_CHECKING:
    from latentlab.world.factors import Face
    from latentlab.world.render import Renderer, Rendering

PARSED = {
    "skin": 1,
    "brows": 2,
    "eyes": 4,
    "nose": 6,
    "lips": 7,
    "mouth": 8,
    "hair": 10,
    "ears": 11,
    "neck": 13,
}
"""The class of the face-parsing data sets for each class of the renderer; where it has two sides, the picture's left."""
SIDED = ("brows", "eyes", "ears")


def drawn(task: str, numbers: Sequence[int], seed: int) -> list[TaskPair]:
    """The pairs of these numbers."""
    return [task_pairs(task, 1, seed, number)[0] for number in numbers]


def rendered(renderer: Renderer, faces: Sequence[Face], size: int, style: str = "photo") -> Rendering:
    """Faces as pictures with all that is known of them."""
    return renderer.render(list(faces), size, style=style)


def two_domains(renderer: Renderer, task: str, numbers: Sequence[int], seed: int, size: int) -> TwoDomains:
    """The faces of a task before (A) and after (B)."""
    pairs = drawn(task, numbers, seed)
    before = rendered(renderer, [pair.before for pair in pairs], size).images
    after = rendered(renderer, [pair.after for pair in pairs], size, pairs[0].style).images
    return TwoDomains(before, after)


def parsed(rendering: Rendering) -> ClassMasks:
    """The renderer's classes as face-parsing classes [n h w]; sides are told by the middle of the face."""
    own = rendering.masks.long()
    answer = torch.zeros_like(own)
    columns = torch.arange(own.shape[-1], device=own.device) + 0.5
    right = columns[None] > rendering.landmarks[:, 27:31, 0].mean(
        1, keepdim=True
    )  # [n w], beyond the nose's bridge
    for name, number in PARSED.items():
        here = own == CLASS[name]
        answer[here] = number
        if name in SIDED:
            answer[here & right[:, None]] = number + 1
    return answer
