"""Light on hair: two shifted highlights along the strand over a diffuse body (Kajiya & Kay 1989, Marschner et al. 2003)."""

from __future__ import annotations

import torch
from torch import Tensor

from latentlab.world.light import Light, pick, to_linear
from latentlab.world.vectors import colour_like, dot, unit


def grey_share(table: dict[str, Tensor]) -> Tensor:
    """Share of grey hairs, 0..1, [n]."""
    return ((table["age"] - 41) / 42).clamp(0, 1.05).add(0.8 * table["greying"]).clamp(0, 1)


def strand_colour(table: dict[str, Tensor], image: Tensor, chance: Tensor) -> Tensor:
    """Linear RGB of strands: the natural colour with its spread, grey hairs mixed in, [3, p]."""
    base = pick(to_linear(table["hair_colour"]), image)
    spread = 0.72 + 0.56 * torch.frac(chance * 7.31)
    warm = (torch.frac(chance * 3.17) - 0.5) * colour_like(base, 0.22, 0.02, -0.18)
    colour = base * spread * (1 + warm)
    share = pick(grey_share(table), image)
    grey = (share + 0.9 * share * (1 - share) * (torch.frac(chance * 11.7) * 2 - 1)).clamp(0, 1)
    return torch.lerp(colour, colour_like(base, 0.40, 0.395, 0.39) * (0.8 + 0.4 * spread - 0.2), grey * 0.92)


def light_strands(
    colour: Tensor, extra: Tensor, normal: Tensor, view: Tensor, light: Light, image: Tensor, lit: Tensor, open_sky: Tensor
) -> Tensor:  # fmt: skip
    """Linear RGB of hair pixels; extra [6, p] as `ribbons` makes it."""
    tangent = unit(extra[0:3], 1e-6)
    along, across, chance = extra[3:6]
    fine = 0.86 + 0.14 * torch.sin(across * 7.0 + chance * 57.0) - 0.16 * across.abs() ** 3
    colour = colour * (fine * (0.62 + 0.38 * (along * 3).clamp(0, 1)))

    towards = pick(light.direction, image)
    facing = dot(normal, towards)
    round_ = (1 - dot(tangent, towards).square()).clamp_min(0).sqrt()
    diffuse = round_ * ((facing + 0.35) / 1.35).clamp_min(0) * lit
    bounce = torch.lerp(pick(light.floor, image), pick(light.sky, image), 0.5 + 0.5 * normal[1]) * open_sky
    body = colour * (0.95 * diffuse * pick(light.key, image) + bounce)

    half = unit(towards + view)
    glow = ((facing + 0.25) / 1.25).clamp(0, 1) * lit
    white = _lobe(tangent, normal, half, -0.08 + 0.10 * (chance - 0.5), 70) * glow
    tinted = _lobe(tangent, normal, half, 0.10 + 0.16 * (chance - 0.5), 16) * glow
    behind = dot(normal, pick(light.back, image)).clamp_min(0) * round_
    shine = 0.11 * white + 0.55 * tinted * colour
    return body + shine * pick(light.key, image) + (behind * (colour + 0.03)) * pick(light.rim, image)


def _lobe(tangent: Tensor, normal: Tensor, half: Tensor, shift: Tensor, power: float) -> Tensor:
    bent = unit(tangent + normal * shift, 1e-6)
    sine = (1 - dot(bent, half).square()).clamp_min(0).sqrt()
    return sine**power
