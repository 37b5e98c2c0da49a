"""Eyes: iris, pupil and limbus painted by the angle from the gaze axis, a wet cornea, and teeth and mouth beside them."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.world.light import Light, pick, to_linear
from latentlab.world.vectors import colour_like, dot, unit

IRIS = 0.475
"""Sine of the angle at which the iris ends."""


def paint_eye(direction: Tensor, table: dict[str, Tensor], image: Tensor) -> Tensor:
    """Albedo of eyeball pixels, linear RGB [3, p]; direction [3, p] from the eye's middle in its own frame."""
    x, y, z = unit(direction)
    radius = (x * x + y * y).sqrt() / IRIS
    radius = torch.where(z > 0, radius, torch.full_like(radius, 4.0))
    angle = torch.atan2(y, x)
    pupil = 0.24 + 0.26 * pick(table["pupil"], image)

    base = pick(to_linear(table["eye_colour"]), image)
    fibres = (
        0.5
        + 0.22 * torch.sin(angle * 23 + 3 * torch.sin(angle * 5))
        + 0.28 * torch.sin(angle * 41 + 1.7 * torch.sin(radius * 9))
    )
    inner = torch.exp(-(((radius - pupil - 0.13) / 0.13) ** 2))
    iris = base * (0.75 + 0.75 * fibres * (radius - pupil).clamp(0, 1))
    iris = iris * (1 + inner * colour_like(base, 0.55, 0.35, 0.12))
    iris = iris * (1 - 0.80 * _step(0.80, 1.0, radius))  # the dark ring
    iris = iris * (0.72 - 0.42 * y / IRIS).clamp(0.25, 1.5)  # lit from below through the cornea
    iris = iris * _step(pupil - 0.05, pupil + 0.05, radius) + 0.004

    veins = (0.5 + 0.5 * torch.sin(angle * 17 + radius * 4)) * _step(1.4, 2.4, radius)
    white = colour_like(base, 0.78, 0.75, 0.72) * (1 - veins * colour_like(base, 0.02, 0.10, 0.10))
    white = white * (1 - _step(1.5, 2.2, radius) * colour_like(base, 0.06, 0.12, 0.12))
    return torch.lerp(iris, white, _step(0.95, 1.08, radius))


def _step(low: Tensor | float, high: Tensor | float, value: Tensor) -> Tensor:
    t = ((value - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def light_eye(
    albedo: Tensor, normal: Tensor, view: Tensor, light: Light, image: Tensor, lit: Tensor, open_sky: Tensor
) -> Tensor:
    """Linear RGB of eyeball pixels: soft light on the ball, a bright glint of the key light and a faint window."""
    towards = pick(light.direction, image)
    diffuse = ((dot(normal, towards) + 0.35) / 1.35).clamp_min(0) * (0.25 + 0.75 * lit)
    bounce = torch.lerp(pick(light.floor, image), pick(light.sky, image), 0.5 + 0.5 * normal[1]) * open_sky
    body = albedo * (diffuse * pick(light.key, image) * 0.85 + bounce)

    # a catch light has to sit in the upper half of the iris whatever the key: reflect a source pulled towards the camera
    source = unit(towards * colour_like(towards, 0.75, 0.6, 1.0) + colour_like(towards, 0.0, 0.35, 0.55))
    facing = dot(normal, unit(source + view)).clamp(0, 1)
    glint = facing**900 * 2.6 + facing**120 * 0.05
    window = 0.06 * (1 - dot(normal, view).clamp(0, 1)) ** 3
    return body + glint * pick(light.key, image) + window * pick(light.sky, image)


def light_mouth(
    albedo: Tensor,
    depth: Tensor,
    normal: Tensor,
    view: Tensor,
    light: Light,
    image: Tensor,
    lit: Tensor,
    wet: float,
) -> Tensor:
    """Linear RGB of teeth, gums and mouth; depth [p]: centimetres behind the lips, which darkens."""
    towards = pick(light.direction, image)
    diffuse = (dot(normal, towards) * 0.5 + 0.5).clamp_min(0) * (0.45 + 0.55 * lit)
    dark = torch.exp(-0.55 * depth.clamp_min(0))
    bounce = pick(light.sky, image) * 0.75
    facing = dot(normal, unit(towards + view)).clamp(0, 1)
    shine = facing**40 * wet * lit
    return (
        albedo * (diffuse * pick(light.key, image) * 0.8 + bounce) + shine * pick(light.key, image)
    ) * dark
