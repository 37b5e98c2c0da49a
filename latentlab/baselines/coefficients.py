"""Pose, identity and expression of a render as numbers of a morphable face model, as FF-GAN's regressor learns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from latentlab.world.model import FaceModel
    from latentlab.world.render import Rendering

POSE = 8
"""A weak perspective: two rows of four numbers."""


def coefficients(model: FaceModel, rendering: Rendering) -> Tensor:
    """[n 8 + identity + expression]: camera, shape and blendshape weights."""
    size = rendering.images.shape[-1]
    camera = weak_perspective(
        points(model, rendering.shape, rendering.expression), rendering.landmarks / size
    )
    return torch.cat([camera, rendering.shape, rendering.expression], dim=1)


def points(model: FaceModel, shape: Tensor, expression: Tensor) -> Tensor:
    """The 68 landmarks of the face model in centimetres, [n 68 3]."""
    place = model.landmarks
    moved = torch.einsum("nk,kvc->nvc", shape.cpu(), model.identity[:, place])
    bent = torch.einsum("nk,kvc->nvc", expression.cpu(), model.expression[:, place])
    return model.vertices[place] + moved + bent


def weak_perspective(solid: Tensor, flat: Tensor) -> Tensor:
    """The two rows m of eq. 3 that project points [n p 3] to [n p 2] best, in tenths of a centimetre's scale: [n 8]."""
    scaled = solid / 10
    bordered = torch.cat([scaled, torch.ones_like(scaled[..., :1])], dim=2)
    rows = torch.linalg.lstsq(bordered, flat.cpu()).solution  # [n 4 2]
    return rows.transpose(1, 2).flatten(1)


def seen_before(normals: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Which pixels of a frontal face could be seen before it was turned to the front: 0 or 1, [n 1 h w].

    Normals [n 3 h w] are of the frontal picture, poses [n 3] yaw, pitch and roll in degrees. What faces away is hidden;
    what is hidden behind the nose is not known here.
    """
    turn = _turn(before) @ _turn(after).transpose(1, 2)
    depth = torch.einsum("nc,nchw->nhw", turn[:, 2], normals)
    return ((depth > 0.05) & (normals.abs().sum(1) > 0)).float()[:, None]


def _turn(pose: Tensor) -> Tensor:
    """Head to camera, as the renderer turns heads: [n 3 3]."""
    from latentlab.world.head import rotation

    yaw, pitch, roll = torch.deg2rad(pose).unbind(1)
    return rotation(yaw, -pitch, -roll)
