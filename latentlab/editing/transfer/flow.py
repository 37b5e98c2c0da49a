"""Transfer without learning: dense optical flow between the generator's pictures, checked both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentlab.core.warp import warp
from latentlab.editing.transfer.background import filled, happened, head_share
from latentlab.editing.transfer.colour import colour_change
from latentlab.editing.transfer.correspondence import correspondence
from latentlab.editing.transfer.structure import new_picture, novelty
from latentlab.editing.transfer.transfer import Scene, Transfer
from latentlab.editing.transfer.visibility import visible
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import Layers


@dataclass(frozen=True)
class FlowTransfer(Transfer):
    """Correspondence, visibility, colour, structure and background, one after the other."""

    reads_landmarks: ClassVar[bool] = True
    size: int = 128
    """Side of the pictures in which the flow is found."""

    @torch.no_grad()
    def layers(self, scene: Scene) -> Layers:
        photo, before, after = (
            fit_to(images.cpu().float(), self.size) for images in (scene.photo, scene.before, scene.after)
        )
        marks = self._marks(scene)
        flow = correspondence(before, after, marks)
        back = correspondence(after, before, None if marks is None else (marks[1], marks[0]))
        acting = head_share(self.size) * happened(before, after)
        flow = flow * acting

        trusted = visible(flow, back)
        moved, moved_photo = warp(before, flow), warp(photo, flow)
        colour = colour_change(after, moved, trusted) * acting
        new = new_picture(after, moved, moved_photo, trusted)
        new = torch.lerp(filled(photo, 1 - acting), new, head_share(self.size))
        kept = 1 - acting * torch.maximum(1 - trusted, novelty(after, moved, colour))
        layers = Layers(flow, colour, kept, new)
        return Layers(
            *(getattr(layers, name).to(scene.photo.device) for name in ("flow", "colour", "kept", "new"))
        )

    def _marks(self, scene: Scene) -> tuple[Tensor, Tensor] | None:
        if scene.landmarks is None:
            return None
        scale = self.size / scene.before.shape[-1]
        first, last = ((points.cpu() + 0.5) * scale - 0.5 for points in scene.landmarks)
        return first, last
