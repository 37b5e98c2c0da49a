"""A turned head brought to the front: points turned in space on a mean head, the picture warped after them, the hidden side
filled from the visible one (Hassner et al. 2015, effective face frontalization, with a spline in the place of a mesh)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.core.warp import warp
from latentlab.editing.geometry.plate import area, plate
from latentlab.editing.style.filters import gaussian
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
FAR = (12.0, 30.0)
"""Degrees from which, and beyond which, what lies around the head is not turned with it but filled from behind it."""
AROUND = 20
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

        ring = _outline().double() - face.points.double().mean(0)
        there = (ring @ turn.T)[:, :2] * scale + middle
        flip = torch.tensor([1.0, -1.0])
        source = torch.cat([landmarks.double(), there * flip])
        goal = torch.cat([own, ring])[:, :2] * flip
        return Turned(source.float(), _aligned(goal.float(), size), pose)

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
        whole = other + share * (moved - other)
        outside = (abs(float(turned.pose.yaw[0])) - FAR[0]) / (FAR[1] - FAR[0])
        if outside <= 0:
            return whole.clamp(-1, 1)
        size = image.shape[-1]
        around = filled(image, 1 - _head(turned.source, size, 1.35)).clamp(-1, 1)
        kept = 1 - min(outside, 1.0) * (1 - _head(turned.goal, size, 1.12))
        return (around + kept * (whole - around)).clamp(-1, 1)


def _head(points: Tensor, size: int, grow: float) -> Tensor:
    """1 on a head and its neck, soft at the edge: [1 1 s s]; the last points are its outline."""
    ring = points[68:]
    middle = ring.mean(0)
    shape = middle + grow * (ring - middle)
    low, wide = shape[:, 1].max(), 0.55 * (shape[:, 0].max() - shape[:, 0].min()) / 2
    neck = [
        (middle[0] + wide, middle[1]),
        (middle[0] + wide, low + size),
        (middle[0] - wide, low + size),
        (middle[0] - wide, middle[1]),
    ]
    canvas = Image.new("L", (size, size))
    for corners in (shape.tolist(), [(float(x), float(y)) for x, y in neck]):
        ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners], fill=255)
    return gaussian(torch.from_numpy(np.asarray(canvas, np.float32) / 255)[None, None], size / 50)


def _inside(flow: Tensor) -> Tensor:
    """1 where a pixel comes from within the picture, falling to 0 at its border: [1 1 s s]."""
    size = flow.shape[-1]
    along = torch.arange(size, dtype=flow.dtype)
    there = torch.stack([flow[:, 0] + along, flow[:, 1] + along[:, None]], 1)
    away = torch.minimum(there + 0.5, size - 0.5 - there).amin(1, keepdim=True)
    return (away / (size / 64)).clamp(0, 1)


def _outline() -> Tensor:
    """Points [k 3] around the head, behind the face."""
    (x, y, z), (wide, high) = HEAD
    along = torch.arange(AROUND) * 2 * torch.pi / AROUND
    return torch.stack([x + wide * along.sin(), y + high * along.cos(), torch.full_like(along, z)], 1)


def _aligned(points: Tensor, size: int) -> Tensor:
    """The points in the frame that an alignment would set around the first 68 of them."""
    square = frame(points[None, :68])
    centre, across, down = square.centre[0], square.across[0], square.down[0]
    half = across.square().sum()
    apart = points - centre
    shares = torch.stack([apart @ across, apart @ down], 1) / half  # -1..1
    return (shares + 1) / 2 * size - 0.5
