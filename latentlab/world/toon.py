"""The same face as a cartoon: larger eyes, flat light in three steps, drawn outlines."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from latentlab.world.head import EYES, Head
from latentlab.world.light import Light, pick
from latentlab.world.vectors import dot, unit

GROWTH = 0.36
"""How much larger eyes are."""
REACH = 2.3
"""Centimetres over which the growth fades."""
PLAIN = ("mottle_a", "mottle_b", "age_spot_a", "age_spot_b", "pore_u", "pore_v", "stubble", "red", "lip_rim")
"""Painted maps that a cartoon leaves out."""
SOFTENED = {
    "early_u": 0.5,
    "early_v": 0.5,
    "late_u": 0.4,
    "late_v": 0.4,
    "hollow": 0.4,
    "early_dark": 2.2,
    "late_dark": 2.0,
}
"""Painted maps that it draws weaker, or, for lines, stronger."""


def enlarge_eyes(head: Head, own: Tensor) -> Tensor:
    """Heads [n, v, 3] whose eyes, lids and lashes are larger, the face round them giving way."""
    result = own
    for part in EYES:
        ball = own[:, head.part == part]
        middle = ((ball.amin(1) + ball.amax(1)) / 2)[:, None]
        front = middle + own.new_tensor([0.0, 0.0, 1.0])
        offset = own - front
        fade = torch.exp(-(offset / REACH).square().sum(2, keepdim=True))
        fade = torch.where((head.part == part)[None, :, None], fade.new_tensor(0.85), fade)
        result = result + (own - middle) * own.new_tensor([1.0, 1.15, 0.35]) * GROWTH * fade
    return result


def plain_maps(maps: dict[str, Tensor]) -> dict[str, Tensor]:
    """Painted maps as a cartoonist sees them."""
    plain = {name: torch.zeros_like(maps[name]) for name in PLAIN}
    softened = {name: maps[name] * factor for name, factor in SOFTENED.items()}
    return maps | plain | softened


def light_toon(
    albedo: Tensor, normal: Tensor, view: Tensor, light: Light, image: Tensor, lit: Tensor, gloss: float
) -> Tensor:
    """Linear RGB [3, p] in three steps: shade, light, and a spot of gloss."""
    towards = pick(light.direction, image)
    facing = dot(normal, towards) * 0.5 + 0.5
    step = _edge(facing, 0.52) * _edge(lit, 0.5)
    half = unit(towards + view)
    spot = _edge(dot(normal, half), 0.975) * gloss * step
    strength = pick(light.key, image).mean(0, keepdim=True)
    colour = pick(light.key, image) / strength.clamp_min(1e-3)
    shade = 0.62 + 0.46 * step
    rich = albedo.clamp_min(1e-4) ** 1.10 * 1.12  # a little more saturated than skin is
    tone = (0.35 + 0.65 * strength.clamp(0.3, 1.4)) * (0.6 + 0.4 * colour)
    return rich * shade * tone + spot * 0.35


def _edge(value: Tensor, at: float) -> Tensor:
    return ((value - at) / 0.03 + 0.5).clamp(0, 1)


GROUPS = (0, 1, 1, 6, 1, 5, 7, 2, 1, 1, 4, 3)
"""What a line is drawn between: a group for each of the `MASK_CLASSES`."""


def draw_outlines(colour: Tensor, label: Tensor, depth: Tensor) -> Tensor:
    """Dark lines between groups of classes and where the depth jumps.

    colour [3, n, h, w], label uint8 [n, h, w], depth [n, h, w] (0: background)."""
    group = torch.tensor(GROUPS, device=label.device, dtype=torch.float32)[label.long()]
    far = torch.where(depth > 0, depth, torch.full_like(depth, 1e4))
    border = torch.zeros_like(group)
    for values, jump in ((group, 0.5), (far, 1.1)):
        border[:, 1:] = torch.maximum(border[:, 1:], ((values[:, 1:] - values[:, :-1]).abs() > jump).float())
        border[:, :, 1:] = torch.maximum(
            border[:, :, 1:], ((values[:, :, 1:] - values[:, :, :-1]).abs() > jump).float()
        )
    inside_hair = (group == 2) & (max_pool2d((group != 2).float()[:, None], 3, 1, 1)[:, 0] == 0)
    border = torch.where(inside_hair, border * 0.45, border)  # locks are hinted at, not outlined
    width = 2 * max(0, round(label.shape[1] / 512) - 0) + 1
    line = max_pool2d(border[:, None], width, 1, width // 2)[:, 0]
    return colour * (1 - 0.84 * line)
