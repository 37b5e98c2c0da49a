"""Hair as ribbons: strands grow along the scalp, fall, curl, gather in locks and turn their flat side to the camera."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from latentlab.world.camera import Camera
from latentlab.world.haircuts import cut_of
from latentlab.world.scalp import CENTRE, Scalp, angle_round_head, receded, recession, surface_radius
from latentlab.world.vectors import colour_like, cross, dot, unit

WHORL = (0.0, 13.4, -3.8)
KNOT = (0.0, 14.6, -4.6)
"""Where a bun sits."""


def grow(scalp: Scalp, table: dict[str, Tensor], camera: Camera, segments: int) -> tuple[Tensor, Tensor]:
    """Strands in the rest frame, [n, r, segments + 1, 3], and whether each is there, [n, r]."""
    cut = {name: values[:, None] for name, values in cut_of(table["hair_style"]).items()}
    root, chance = scalp.root[None], scalp.chance[None]
    angle = angle_round_head(root[..., 0], root[..., 2])
    gone = receded(root[..., 1], angle, recession(table)[:, None])
    margin = scalp.margin[None] - gone - 0.25 * (chance[..., 0] - 0.5)
    length = (
        _lengths(cut, root, margin)
        * (0.6 + 0.8 * table["hair_length"])[:, None]
        * (1 + (chance[..., 1] - 0.5) * torch.where(cut["side"] > 8, 0.10, 0.4))
    )
    there = (margin > 0) & (length > 0.2)

    # hair hangs down in the picture, but rests on head and shoulders: it follows a third of the tilt
    upright = camera.turn.new_tensor([0.0, 1.0, 0.0])
    down = -normalize(
        torch.lerp(upright.expand(len(margin), 3), camera.turn.transpose(1, 2)[:, :, 1], 0.35), dim=1
    )
    way = _combed(scalp, cut, table)
    layer = (
        0.10
        + cut["volume"] * (0.35 + 1.3 * table["hair_volume"][:, None]) * (0.25 + 0.75 * chance[..., 2]) * 0.75
    )
    strands = _march(
        scalp, cut, root.expand(len(margin), -1, -1), way, down, length / segments, layer, segments
    )
    strands = _curl(strands, cut, chance)
    strands = _gather(strands, cut, scalp)
    return _tie(strands, cut, scalp, chance), there


def _lengths(cut: dict[str, Tensor], root: Tensor, margin: Tensor) -> Tensor:
    x, y, z = root.unbind(-1)
    high = ((y - 8.0) / 3.5).clamp(0, 1)
    ahead = ((z - 1.0) / 5.0).clamp(0, 1)
    behind = ((-z - 1.0) / 4.0).clamp(0, 1)
    low = torch.lerp(cut["side"].expand(-1, len(x[0])), cut["back"].expand(-1, len(x[0])), behind)
    upper = torch.lerp(cut["top"].expand(-1, len(x[0])), cut["front"].expand(-1, len(x[0])), ahead)
    fade = (0.35 + 0.65 * (margin / 1.5).clamp(0, 1)).clamp(0, 1)  # shorter towards the hairline
    angle = angle_round_head(x, z)
    over_ear = torch.exp(-(((angle - 100) / 18) ** 2)) * ((9.0 - y) / 3.0).clamp(0, 1)
    fade = fade * (1 - 0.75 * over_ear)  # cut free of the ears
    fade = torch.where(cut["side"] > 8, torch.ones_like(fade), fade)
    length = torch.lerp(low, upper, high) * fade
    reach = cut["front"] + (8.6 - z).clamp_min(0) * 1.15  # bangs end on one line wherever they start
    return torch.where((cut["forward"] > 1) & (_bangs(root) > 0), reach.expand_as(length), length)


def _bangs(root: Tensor) -> Tensor:
    """1 for roots that hang over the forehead in styles with a fringe."""
    return ((root[..., 2] > 4.2) & (root[..., 0].abs() < 5.0) & (root[..., 1] > 8.5)).float()


def _combed(scalp: Scalp, cut: dict[str, Tensor], table: dict[str, Tensor]) -> Tensor:
    """Direction in which hair leaves the scalp, unit, [n, r, 3]."""
    root = scalp.root[None]
    x, y, z = root.unbind(-1)
    whorl = normalize(root - root.new_tensor(WHORL), dim=-1)
    line = (table["hair_part"] * 3.2)[:, None]
    side = torch.tanh((x - line) / 0.15)
    # the parting fades towards the back, where hair simply falls
    parted = torch.stack([side, 0.05 * torch.ones_like(side), (-0.10 - 0.03 * z).expand_as(side)], -1)
    back = normalize(root.new_tensor(KNOT) - root, dim=-1)
    slick = normalize(root.new_tensor([0.0, 6.5, -10.5]) - root, dim=-1)
    back = torch.where(cut["bun"][..., None] > 0.5, back, slick)
    front = (
        ((z - 3.0) / 3.0).clamp(0, 1) * ((5.8 - x.abs()) / 2.5).clamp(0, 1) * ((y - 8.0) / 1.5).clamp(0, 1)
    )
    ahead = root.new_tensor([0.0, -0.25, 1.0]) + torch.stack([x * 0.03, 0 * x, 0 * x], -1)

    def weigh(name: str, vectors: Tensor) -> Tensor:
        return cut[name][..., None] * vectors

    flow = weigh("crown", whorl) + weigh("part", parted) + weigh("backward", back)
    flow = flow + weigh("forward", ahead) * front[..., None] * 3
    outward = scalp.outward[None]
    flow = flow - outward * (flow * outward).sum(-1, keepdim=True)
    jitter = (scalp.chance[None, :, 1:4] - 0.5) * 2 * cut["mess"][..., None]
    return normalize(
        normalize(flow, dim=-1)
        + outward * (cut["lift"] * (0.5 + 0.8 * table["hair_volume"][:, None]))[..., None]
        + jitter,
        dim=-1,
    )


def _march(
    scalp: Scalp, cut: dict[str, Tensor], root: Tensor, way: Tensor, down: Tensor, step: Tensor, layer: Tensor, segments: int
) -> Tensor:  # fmt: skip
    root, way = (values.permute(2, 0, 1).contiguous() for values in (root, way))  # [3 n r]
    down, centre = down.T[..., None], colour_like(root, *CENTRE)[..., None]
    long = (cut["side"] > 8).float() * (1 - cut["bun"])
    side = torch.where(way[0] >= 0, 1.1, -1.1)
    hanging = long * (1 - (cut["forward"] > 1).float() * _bangs(scalp.root)[None])
    veiled, tied = bool((long > 0).any()), bool((cut["bun"] > 0).any())
    stride = step
    points, at = [root], root
    for k in range(segments):
        way = way + (cut["gravity"] * step * min(1.0, (k + 0.5) / 2.5)) * down
        if veiled:
            veil = ((at[2] - 2.0) / 3.0).clamp(0, 1) * ((11.0 - at[1]) / 3.0).clamp(0, 1)
            veil = veil * ((8.2 - at[0].abs()) / 2.0).clamp(0, 1) * hanging * step.clamp(max=1.0)
            way[0] += veil * side
            way[2] -= 0.6 * veil
        way = unit(way)
        if tied:
            gap = colour_like(root, *KNOT)[..., None] - at
            way = unit(torch.lerp(way, unit(gap, 1e-4), cut["bun"] * 0.6))
            stride = torch.where(cut["bun"] > 0, torch.minimum(step, dot(gap, gap).sqrt() * 0.7), step)
        ahead = at + way * stride

        offset = ahead - centre
        length = dot(offset, offset).sqrt_()
        least = surface_radius(scalp, offset, length) + layer * min(1.0, (k + 1) / 3)
        push = least / length.clamp_min_(1e-3)
        cling = cut["stick"] * ((ahead[1] - 2.0) / 3.0).clamp(0, 1)
        push = torch.where(push > 1, push, torch.lerp(torch.ones_like(push), push, cling))
        ahead = centre + offset * push
        way = unit(torch.lerp(way, unit(ahead - at), 0.7))
        at = ahead
        points.append(at)
    return torch.stack(points, 3).permute(1, 2, 3, 0)


def _curl(strands: Tensor, cut: dict[str, Tensor], chance: Tensor) -> Tensor:
    if not bool((cut["curl"] > 0).any()):
        return strands
    along = torch.linspace(0, 1, strands.shape[2], device=strands.device)
    columns = strands.permute(3, 0, 1, 2)  # [3 n r k]
    tangent = unit(_ahead(columns), 1e-6)
    outward = unit(columns - colour_like(strands, *CENTRE)[..., None, None])
    one = unit(cross(tangent, outward), 1e-6)
    two = cross(one, tangent)
    phase = 6.283 * (cut["turns"][..., None] * along * (0.85 + 0.3 * chance[..., 3:4]) + chance[..., 3:4])
    size = cut["curl"][..., None] * (along * 4).clamp(max=1.0) * (0.7 + 0.6 * chance[..., 1:2])
    return (columns + one * (size * phase.cos()) + two * (size * phase.sin())).permute(1, 2, 3, 0)


def _ahead(columns: Tensor) -> Tensor:
    """Steps along strands [3, n, r, k], the last one twice."""
    steps = columns.diff(dim=3)
    return torch.cat([steps, steps[..., -1:]], 3)


def _gather(strands: Tensor, cut: dict[str, Tensor], scalp: Scalp) -> Tensor:
    along = torch.linspace(0, 1, strands.shape[2], device=strands.device)
    leader = strands[:, scalp.guide]
    apart = leader[:, :, :1] - strands[:, :, :1]
    follow = leader - apart * (1 - 0.75 * along)[..., None]
    apart_at_tip = (leader[:, :, -1] - strands[:, :, -1]).norm(dim=-1)  # never across the parting
    share = (cut["clump"] * (apart_at_tip < 3.5))[..., None] * along**0.8
    return torch.lerp(strands, follow, share[..., None])


def _tie(strands: Tensor, cut: dict[str, Tensor], scalp: Scalp, chance: Tensor) -> Tensor:
    """A share of the strands of tied hair winds round the bun."""
    if not bool((cut["bun"] > 0.5).any()):
        return strands
    angle = torch.linspace(0, 3.6, strands.shape[2], device=strands.device)
    axis = normalize(
        torch.stack([chance[0, :, 1] - 0.5, 0.3 * (chance[0, :, 2] - 0.5), chance[0, :, 3] - 0.5], 1), dim=1
    )
    other = normalize(torch.cross(axis, axis.new_tensor([0.3, 1.0, 0.2]).expand_as(axis), dim=1), dim=1)
    radius = 2.1 + 0.35 * chance[0, :, 0]
    turn = angle + 6.283 * chance[0, :, 2:3]
    ball = (axis[:, None] * turn.cos()[..., None] + other[:, None] * turn.sin()[..., None]) * radius[
        :, None, None
    ]
    ball = ball * ball.new_tensor([1.15, 0.85, 1.0]) + ball.new_tensor(KNOT) + ball.new_tensor([0, 1.0, 0])
    wound = (chance[..., 0] < 0.3) & (cut["bun"] > 0.5)
    return torch.where(wound[..., None, None], ball[None], strands)


def fit_to(scalp: Scalp, own: Tensor, strands: Tensor) -> Tensor:
    """Strands from the rest skull onto deformed heads (own frame): an affine map, exact at the roots."""
    ones = torch.ones_like(strands[..., :1])
    affine = scalp.fit @ own[:, scalp.fitted]  # [n 4 3]
    shape = strands.shape
    moved = (torch.cat([strands, ones], -1).flatten(1, 2) @ affine).view(shape)
    rest = torch.cat([scalp.root, torch.ones_like(scalp.root[:, :1])], 1)
    exact = (own[:, scalp.corners] * scalp.weights[None, ..., None]).sum(2)
    miss = exact - (rest @ affine)
    fade = torch.linspace(1, 0.5, shape[2], device=own.device)
    return moved + miss[:, :, None] * fade[:, None]


@lru_cache(maxsize=8)
def ribbon_triangles(strands: int, points: int) -> Tensor:
    """Two triangles between neighbouring pairs of points, int32 [strands * (points - 1) * 2, 3]."""
    pair = torch.arange(strands * points * 2).view(strands, points, 2)
    a, b, c, d = pair[:, :-1, 0], pair[:, :-1, 1], pair[:, 1:, 0], pair[:, 1:, 1]
    return torch.stack([torch.stack([a, b, c], -1), torch.stack([b, d, c], -1)], 2).reshape(-1, 3).int()


def ribbons(
    points: Tensor, there: Tensor, half_width: Tensor, distance: Tensor, chance: Tensor, middle: Tensor
) -> tuple[Tensor, Tensor]:
    """Flat bands along strands [n, r, k, 3] (camera frame): points [n, r*k*2, 3] and attributes [n, r*k*2, 12].

    What the material gets is the tangent, the place along (0..1), across (-1..1) and the strand's random number."""
    n, r, k, _ = points.shape
    columns = points.permute(3, 0, 1, 2).contiguous()  # [3 n r k]
    tangent = unit(_ahead(columns), 1e-6)
    eye = -columns
    eye[2] += distance[:, None, None]
    side = unit(cross(tangent, eye), 1e-6)
    along = torch.linspace(0, 1, k, device=points.device)
    offset = side * (half_width * there)[..., None] * (1 - along**3 * 0.85)
    both = torch.stack([columns - offset, columns + offset], 4)  # [3 n r k 2]
    outward = unit(columns - middle.T[..., None, None])
    rows = torch.empty(n, r, k, 2, 12, device=points.device)
    for values, first in ((outward[..., None], 0), (both, 3), (tangent[..., None], 6)):
        rows[..., first : first + 3] = values.movedim(0, -1)
    rows[..., 9] = along[:, None]
    rows[..., 10] = rows.new_tensor([-1.0, 1.0])
    rows[..., 11] = chance[:, :1, None]
    rows = rows.view(n, -1, 12)
    return rows[..., 3:6], rows
