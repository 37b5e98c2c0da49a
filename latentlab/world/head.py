"""The head ready for rendering: what is drawn of the face model, with its sculpting fields and painted maps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.atlas import Atlas
from latentlab.world.expressions import blend_weights, gaze_angles
from latentlab.world.lashes import Lashes, find_lashes
from latentlab.world.model import PARTS, FaceModel
from latentlab.world.sculpt import MASCULINE, OLD, YOUNG, push_field
from latentlab.world.vectors import cross, unit

HIDDEN = ("mouth", "gums", "teeth", "eye_right", "eye_left", "lashes")
"""What casts no shadow that could be seen."""
EYES = (PARTS.index("eye_right"), PARTS.index("eye_left"))


@dataclass(frozen=True, eq=False)
class Head:
    """All arrays on one device; vertices that are never drawn are gone."""

    rest: Tensor
    """Neutral mean head, [v, 3] centimetres."""
    triangles: Tensor
    """int32 [t, 3]."""
    fans: Tensor
    """The triangles round each vertex, int64 [t * 3]."""
    fan_starts: Tensor
    """Where each vertex' run begins in them, int64 [v]."""
    opaque: Tensor
    """The triangles that cast a shadow that could be seen, int32 [s, 3]."""
    triangles_uv: Tensor
    """int32 [t, 3] into `texcoords`."""
    triangle_part: Tensor
    """Place in `PARTS` of each triangle, int64 [t]."""
    texcoords: Tensor
    """[c, 2]."""
    identity: Tensor
    """[100, v * 3]."""
    expression: Tensor
    """[e, v * 3]."""
    expression_names: tuple[str, ...]
    """Order of `expression`."""
    masculine: Tensor
    """[v * 3]."""
    old: Tensor
    """[v * 3]."""
    young: Tensor
    """[v * 3]."""
    landmarks: Tensor
    """int64 [68]."""
    part: Tensor
    """int64 [v]."""
    tangent: Tensor
    """Direction of growing u at rest, [v, 3]."""
    surface: Tensor
    """What a pixel knows of its place: rest position, or for eyeballs the direction from the eye's middle, [v, 3]."""
    lashes: Lashes
    """Eyelashes."""
    atlas: Atlas
    """Painted maps."""

    def deform(self, table: dict[str, Tensor]) -> Tensor:
        """The head of each face in its own frame (before the pose), [n, v, 3]."""
        count, vertices = len(table["age"]), len(self.rest)
        flat = self.rest.reshape(1, -1) + table["shape"] @ self.identity
        flat = (
            flat
            + table["presentation"][:, None] * self.masculine
            + ageing(table["age"])[:, None] * self.old
            + 1.8 * youth(table["age"])[:, None] * self.young
        )
        flat = flat + blend_weights(table, self.expression_names) @ self.expression
        shaped = flat.view(count, vertices, 3)
        for part, angles in zip(EYES, gaze_angles(table), strict=True):
            shaped = _turn_eye(shaped, self.part == part, angles)
        return shaped


def ageing(age: Tensor) -> Tensor:
    """Strength of the sculpting of age: 0 up to 22, 2.5 at 85."""
    return 2.5 * ((age - 22) / 63).clamp_min(0)


def youth(age: Tensor) -> Tensor:
    """How much of a child is left in the face: 1 at 15, 0 from 40 on."""
    return ((40 - age) / 25).clamp(0, 1)


def _turn_eye(vertices: Tensor, chosen: Tensor, angles: Tensor) -> Tensor:
    """Turns the eyeball round its middle by (yaw, pitch) degrees, [n, 2]."""
    ball = vertices[:, chosen]
    middle = (ball.amin(1, keepdim=True) + ball.amax(1, keepdim=True)) / 2
    yaw, pitch = torch.deg2rad(angles).unbind(1)
    turned = torch.baddbmm(
        middle, ball - middle, rotation(yaw, -pitch, torch.zeros_like(yaw)).transpose(1, 2)
    )
    result = vertices.clone()
    result[:, chosen] = turned
    return result


def rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Rz(roll) Ry(yaw) Rx(pitch) in radians, [n, 3, 3]; positive pitch turns +z (the face) down."""
    one, nil = torch.ones_like(yaw), torch.zeros_like(yaw)
    about_y = torch.stack([yaw.cos(), nil, yaw.sin(), nil, one, nil, -yaw.sin(), nil, yaw.cos()], 1).view(
        -1, 3, 3
    )
    about_x = torch.stack(
        [one, nil, nil, nil, pitch.cos(), -pitch.sin(), nil, pitch.sin(), pitch.cos()], 1
    ).view(-1, 3, 3)
    about_z = torch.stack([roll.cos(), -roll.sin(), nil, roll.sin(), roll.cos(), nil, nil, nil, one], 1).view(
        -1, 3, 3
    )
    return about_z @ about_y @ about_x


def prepare_head(model: FaceModel, atlas: Atlas) -> Head:
    """Drops what is not drawn and computes the fields that never change."""
    corners = model.faces.long()
    drawn = (model.part[corners] >= 0).all(1)
    used = torch.unique(corners[drawn])
    place = torch.full((len(model.vertices),), -1, dtype=torch.int64)
    place[used] = torch.arange(len(used))

    rest, part = model.vertices[used], model.part[used]
    drawn &= (model.part[corners] != PARTS.index("lashes")).all(1)  # drawn as ribbons instead of sheets
    triangles = place[corners[drawn]]
    soft = (part <= PARTS.index("head")) | (part == PARTS.index("lashes"))
    points = model.vertices[model.landmarks]
    balls = (part == EYES[0]) | (part == EYES[1])
    expression = model.expression[:, used].clone()
    expression[:, balls] = 0  # eyeballs turn as a whole, see _turn_eye

    fans, fan_starts = find_fans(triangles, len(rest))
    triangle_part = part[triangles].amax(1)
    hidden = torch.isin(triangle_part, torch.tensor([PARTS.index(name) for name in HIDDEN]))
    return Head(
        rest=rest, triangles=triangles.int(), opaque=triangles[~hidden].int(), fans=fans, fan_starts=fan_starts, triangles_uv=model.faces_uv[drawn],
        triangle_part=triangle_part, texcoords=model.texcoords,
        identity=model.identity[:, used].flatten(1).contiguous(), expression=expression.flatten(1).contiguous(),
        expression_names=model.expression_names,
        masculine=(push_field(MASCULINE, rest, points) * soft[:, None]).flatten(),
        old=(push_field(OLD, rest, points) * soft[:, None]).flatten(),
        young=(push_field(YOUNG, rest, points) * soft[:, None]).flatten(),
        landmarks=place[model.landmarks], part=part,
        tangent=_tangents(rest, triangles, model.texcoords, model.faces_uv[drawn].long()),
        surface=_surface(rest, part), lashes=find_lashes(model, place), atlas=atlas,
    )  # fmt: skip


def _tangents(rest: Tensor, triangles: Tensor, texcoords: Tensor, triangles_uv: Tensor) -> Tensor:
    a, b, c = rest[triangles].unbind(1)
    p, q, r = texcoords[triangles_uv].unbind(1)
    one, two = q - p, r - p
    twist = one[:, :1] * two[:, 1:] - one[:, 1:] * two[:, :1]
    along = ((b - a) * two[:, 1:] - (c - a) * one[:, 1:]) * twist.sign()
    total = torch.zeros_like(rest)
    for corner in range(3):
        total.index_add_(0, triangles[:, corner], along)
    return torch.nn.functional.normalize(total, dim=1)


def _surface(rest: Tensor, part: Tensor) -> Tensor:
    surface = rest.clone()
    for eye in EYES:
        ball = rest[part == eye]
        if len(ball):
            middle = (ball.amin(0) + ball.amax(0)) / 2
            middle[2] = ball[:, 2].amin() + (ball[:, 0].amax() - ball[:, 0].amin()) / 2
            surface[part == eye] = torch.nn.functional.normalize(ball - middle, dim=1)
    return surface


def find_fans(triangles: Tensor, vertices: int) -> tuple[Tensor, Tensor]:
    """The triangles round each vertex, one after the other (int64 [t * 3]), and where each vertex' run begins."""
    corners, order = triangles.long().flatten().sort(stable=True)
    return order // 3, torch.searchsorted(corners, torch.arange(vertices))


def vertex_normals(vertices: Tensor, triangles: Tensor, fans: Tensor, starts: Tensor) -> Tensor:
    """Area-weighted smooth normals, [n, v, 3]; fans and starts as `find_fans` gives them."""
    rows = vertices.permute(1, 2, 0).flatten(1)  # [v 3*n]
    a, b, c = (rows.index_select(0, corner) for corner in triangles.T.contiguous())
    one, other = (edge.T.unflatten(0, (3, -1)) for edge in (b - a, c - a))  # [3 n t]
    face = cross(one, other).flatten(0, 1).T.contiguous()
    total = torch.nn.functional.embedding_bag(fans, face, starts, mode="sum")
    return unit(total.T.unflatten(0, (3, -1)), 1e-9).permute(1, 2, 0)
