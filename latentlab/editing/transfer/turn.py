"""Transfer of a turn of the head: the network says by how much, the photo's own points are turned in space and warped after.

A correspondence read off two pictures leaves a halo where a turned head's outline was; here hair and surroundings move with
the head in one smooth spline (as for the frontal view, `editing.geometry.frontal`), dying away towards the picture's border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from latentlab.core.warp import flow_at, warp
from latentlab.editing.geometry.frontal import aligned_points, outline
from latentlab.editing.geometry.plate import area, plate
from latentlab.editing.transfer.transfer import Carried, Scene, Transfer
from latentlab.editing.transfer.visibility import torn
from latentlab.networks.regressor import fit_to
from latentlab.networks.transfer import SIZE, Layers
from latentlab.scorers.pose import fit_pose, mean_face, rotation

AROUND = 1.7
"""How many times as large as the head's outline the ring is that moves with the head and does not turn."""
STRETCHED = 0.25
"""Places that show less of the photo than this share of their own area are made up."""


@dataclass(frozen=True)
class TurnTransfer(Transfer):
    """One spline through the landmarks and the head's outline."""

    reads_landmarks: ClassVar[bool] = True
    otherwise: Transfer
    """What carries a turn where one of the three pictures has no landmarks."""
    gain: float = 1.3
    """The network's own pictures turn by less than its landmarks say, and the spline by less than it is told."""
    stiffness: float = 0.03
    """Of the spline: landmarks at the far temple would dent the outline behind them."""
    margin: float = 0.12
    """Share of the picture's side over which the movement dies away towards the border."""

    @torch.no_grad()
    def layers(self, scene: Scene) -> Layers:
        if scene.landmarks is None or scene.marks is None:
            return self.otherwise.layers(scene)
        photo = fit_to(scene.photo, SIZE)
        flow = self._flow(scene.landmarks, (scene.marks + 0.5) * SIZE / scene.photo.shape[-1] - 0.5)
        kept = (area(flow) > STRETCHED).to(photo)
        return Layers(flow.to(photo), torch.zeros_like(photo), kept, photo)

    @torch.no_grad()
    def carry(self, scene: Scene) -> Carried:
        layers = self.layers(scene)
        if scene.landmarks is None or scene.marks is None:
            return Carried(layers.compose(scene.photo).clamp(-1, 1), layers, torn(layers))
        moved = warp(scene.photo, flow_at(layers.flow, scene.photo.shape[-1]))
        return Carried(moved.clamp(-1, 1), layers, torn(layers))

    def _flow(self, drawn: tuple[Tensor, Tensor], marks: Tensor) -> Tensor:
        """From the network's landmarks before and after, and the photo's at the flow's own size: [1 2 s s]."""
        before, after = (fit_pose(points[None].cpu().double()) for points in drawn)
        by = self.gain * (after.yaw - before.yaw), self.gain * (after.pitch - before.pitch)
        source, goal = turned_points(marks.cpu(), by)
        return plate(source, goal, SIZE, self.stiffness) * _fading(SIZE, self.margin)


def turned_points(marks: Tensor, by: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Landmarks [68 2], the head's outline and a ring around it, before and after a turn by degrees of yaw and pitch."""
    pose, middle_of_face = fit_pose(marks[None].double()), mean_face().points.double().mean(0)
    body = mean_face().points.double() - middle_of_face
    turns = [
        rotation(pose.yaw + yaw, pose.pitch + pitch, pose.roll)[0].double() for yaw, pitch in ((0.0, 0.0), by)
    ]
    scale, flip = float(pose.scale[0]), torch.tensor([1.0, -1.0]).double()
    seen = marks.double() * flip
    middle = (seen - scale * (body @ turns[0].T)[:, :2]).mean(0)
    depth = scale * (body @ turns[0].T)[:, 2:]
    own = torch.cat([seen - middle, depth], 1) @ turns[0] / scale  # [68 3], looking at the viewer
    ring = outline().double() - middle_of_face
    still = AROUND * scale * (ring - ring.mean(0))[:, :2] * flip

    places = []
    for turn in turns:
        points = ((torch.cat([own, ring]) @ turn.T)[:, :2] * scale + middle) * flip
        places.append(torch.cat([points, points[68:].mean(0) + still]).float())
    recentred = aligned_points(places[1], SIZE) - aligned_points(places[0], SIZE)
    return places[0], places[0] + recentred  # as an alignment follows a head that turns


def _fading(size: int, margin: float) -> Tensor:
    """1 in the middle, falling smoothly to 0 at the border: [1 1 s s]."""
    along = (torch.arange(size) + 0.5) / size
    share = (torch.minimum(along, 1 - along) / margin).clamp(0, 1)
    smooth = share * share * (3 - 2 * share)
    return (smooth[None] * smooth[:, None])[None, None]
