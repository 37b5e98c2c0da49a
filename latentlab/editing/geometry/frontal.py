"""A turned head brought to the front: points turned in space on a mean head, the picture warped after them, the hidden side
filled from the visible one (Hassner et al. 2015, effective face frontalization, with a spline in the place of a mesh)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.geometry.plate import area, plate
from latentlab.editing.style.filters import gaussian
from latentlab.editing.style.skin import polygon, skin_of
from latentlab.editing.transfer.background import filled
from latentlab.faces.align import frame
from latentlab.scorers.pose import Pose, fit_pose, mean_face, rotation

PAIRS = (
    *((i, 16 - i) for i in range(8)), *((17 + i, 26 - i) for i in range(5)), (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
    (48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67),
)  # fmt: skip
"""Points that are mirror images of one another."""
HEAD = ((0.0, -0.25, -0.9), (1.5, 2.1))
"""Centre and half axes of the head's outline behind the face; the eyes are 1 apart, y up, z to the viewer."""
AROUND = 20
WIDE = 1.7
"""How many times as large as the head's outline the ring is beyond which nothing is turned."""
SEEN = (0.35, 0.8)
"""Shares of the other side's area at which a place counts as hidden, and as seen as well as that."""


class Turned(NamedTuple):
    """Where points are, and where they belong."""

    source: Tensor
    """[k 2] in the picture."""
    goal: Tensor
    """[k 2] from the front, in the frame of an aligned face."""
    pose: Pose


@dataclass(frozen=True)
class Frontal:
    """How a head is turned."""

    trust: float = 0.65
    """How much of a face's own proportions is believed at 45°, where half of them are guessed."""

    def points(self, landmarks: Tensor, size: int, extra_yaw: float = 0.0) -> Turned:
        """The points of the picture [68 2] and the head's outline, before and after."""
        pose, face = fit_pose(landmarks[None].double()), mean_face()
        body = face.points.double() - face.points.double().mean(0)
        turn = rotation(pose.yaw + extra_yaw, pose.pitch, pose.roll)[0].double()
        scale = float(pose.scale[0])
        seen = landmarks.double() * torch.tensor([1.0, -1.0])
        middle = (seen - scale * (body @ turn.T)[:, :2]).mean(0)
        depth = scale * (body @ turn.T)[:, 2:]
        own = torch.cat([seen - middle, depth], 1) @ turn / scale  # [68 3], looking at the viewer
        own = self._symmetric(own, body, float(pose.yaw[0]))

        ring = outline().double() - face.points.double().mean(0)
        there = (ring @ turn.T)[:, :2] * scale + middle
        flip = torch.tensor([1.0, -1.0])
        source = torch.cat([landmarks.double(), there * flip])
        goal = torch.cat([own, ring])[:, :2] * flip
        still = (
            WIDE * (ring - ring.mean(0))[:, :2] * flip
        )  # what lies around the head moves with it and does not turn
        source = torch.cat([source, source[68:].mean(0) + scale * still])
        goal = torch.cat([goal, goal[68:].mean(0) + still])
        return Turned(source.float(), aligned_points(goal.float(), size), pose)

    def _symmetric(self, own: Tensor, body: Tensor, yaw: float) -> Tensor:
        """Both sides from the one that is seen better, drawn towards the mean face the further it is turned away."""
        near = 1 / (1 + torch.exp(torch.tensor(-yaw / 8.0))).double()  # of points on the picture's left
        answer = own.clone()
        mirror = torch.tensor([-1.0, 1.0, 1.0]).double()
        for left, right in PAIRS:
            mean = near * own[left] + (1 - near) * own[right] * mirror
            answer[left], answer[right] = mean, mean * mirror
        middle = [i for i in range(68) if not any(i in pair for pair in PAIRS)]
        answer[middle, 0] = 0.0
        trust = max(0.0, 1 - (1 - self.trust) * abs(yaw) / 45)
        return torch.lerp(body, answer, trust)

    def turn(self, image: Images, turned: Turned, light: Images | None = None) -> Images:
        """The picture [1 3 s s] from the front; `light` is a frontal picture whose broad shading the filled side takes."""
        flow = plate(turned.source, turned.goal, image.shape[-1])
        inside = _inside(flow)
        moved = filled(warp(image, flow), inside)
        seen = area(flow) * inside
        share = (seen / seen.flip(3).clamp_min(1e-3) - SEEN[0]) / (SEEN[1] - SEEN[0])
        share = gaussian(share.clamp(0, 1), image.shape[-1] / 64)
        other = moved.flip(3)
        if light is not None:
            other = other + gaussian(light - light.flip(3), image.shape[-1] / 12)
        return (other + share * (moved - other)).clamp(-1, 1)


def far_side_seen(image: Images, landmarks: Tensor) -> float:
    """How much of the side that is turned away shows skin, 0 to 1; little where the points lie beside the face."""
    yaw = float(fit_pose(landmarks[None].double()).yaw[0])
    side = range(9) if yaw < 0 else range(16, 7, -1)
    area = polygon(landmarks[[*side, 33, 30, 27]], image.shape[-1])
    skin = (skin_of(image, landmarks)[0] > 0.3).float()
    return float((skin * area).sum() / area.sum().clamp_min(1))


def _inside(flow: Tensor) -> Tensor:
    """1 where a pixel comes from within the picture, falling to 0 at its border: [1 1 s s]."""
    size = flow.shape[-1]
    along = torch.arange(size, dtype=flow.dtype)
    there = torch.stack([flow[:, 0] + along, flow[:, 1] + along[:, None]], 1)
    away = torch.minimum(there + 0.5, size - 0.5 - there).amin(1, keepdim=True)
    return (away / (size / 64)).clamp(0, 1)


def outline() -> Tensor:
    """Points [k 3] around the head, behind the face."""
    (x, y, z), (wide, high) = HEAD
    along = torch.arange(AROUND) * 2 * torch.pi / AROUND
    return torch.stack([x + wide * along.sin(), y + high * along.cos(), torch.full_like(along, z)], 1)


def aligned_points(points: Tensor, size: int) -> Tensor:
    """The points in the frame that an alignment would set around the first 68 of them."""
    square = frame(points[None, :68])
    centre, across, down = square.centre[0], square.across[0], square.down[0]
    half = across.square().sum()
    apart = points - centre
    shares = torch.stack([apart @ across, apart @ down], 1) / half  # -1..1
    return (shares + 1) / 2 * size - 0.5
