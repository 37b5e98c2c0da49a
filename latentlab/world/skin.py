"""Skin: albedo from tone, blood, age and makeup; light with a soft terminator and two oily highlights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.world.light import Light, pick, to_linear
from latentlab.world.vectors import colour_like, cross, dot, unit

TONES = (
    (0.915, 0.775, 0.695), (0.880, 0.710, 0.610), (0.815, 0.620, 0.500), (0.690, 0.480, 0.360), (0.510, 0.330, 0.235),
    (0.330, 0.215, 0.160),
)  # fmt: skip
"""sRGB of skin from melanin 0 to 1."""
SCATTER = ((0.34, 0.45), (0.16, 0.75), (0.10, 0.90))
"""For red, green and blue: how far light wraps round, farthest under the skin for red, and how much relief it sees."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Skin pixels before light, colours and directions [3, p]."""

    albedo: Tensor
    """Linear RGB."""
    normal: Tensor
    """With relief."""
    smooth: Tensor
    """Without relief."""
    gloss: Tensor
    """0 dry .. 1 wet, [p]."""
    oil: Tensor
    """Strength of the highlight, [p]."""


def skin_colour(table: dict[str, Tensor]) -> Tensor:
    """Bare skin of each face, linear RGB [n, 3]."""
    tones = torch.tensor(TONES, device=table["age"].device)
    place = table["skin_tone"].clamp(0, 1) * (len(TONES) - 1)
    low = place.floor().clamp(max=len(TONES) - 2)
    colour = torch.lerp(tones[low.long()], tones[low.long() + 1], (place - low)[:, None])
    warm = table["undertone"][:, None] * colour.new_tensor([0.015, 0.004, -0.040])
    old = ((table["age"] - 35) / 50).clamp(0, 1)[:, None] * colour.new_tensor([-0.040, -0.048, -0.046])
    return to_linear((colour + warm + old).clamp(0.02, 1))


def wrinkle_strength(age: Tensor) -> tuple[Tensor, Tensor]:
    """Strength of early and late folds at an age, both growing with it."""
    early = ((age - 22) / 42).clamp_min(0)
    late = ((age - 42) / 38).clamp_min(0)
    return early.clamp(max=1.35) ** 1.2, late.clamp(max=1.2) ** 1.1


def paint_skin(
    maps: dict[str, Tensor], table: dict[str, Tensor], image: Tensor, normal: Tensor, tangent: Tensor
) -> Surface:
    """Albedo and relief of skin pixels; maps [p] by name, image [p] (which face), normal and tangent [3, p]."""

    def of(name: str) -> Tensor:
        return pick(table[name], image)

    def share(name: str, strength: Tensor) -> Tensor:
        return (maps[name] * strength).clamp(0, 1)

    def worn(name: str) -> bool:
        return bool((table[name] > 0).any())

    bare = skin_colour(table)
    pale = (pick(bare, image).mean(0) / 0.5).clamp(0.1, 1)  # spots and blood show less on dark skin
    evened = 1 - 0.85 * of("foundation")
    age = of("age")
    early, late = (pick(strength, image) for strength in wrinkle_strength(table["age"]))

    mottle, freckle, age_spot = _own_pattern(maps, of("skin_pattern"))
    albedo = pick(bare, image) * (1 + (0.045 + 0.06 * ((age - 30) / 55).clamp(0, 1)) * mottle * evened)
    _stain(albedo, (maps["red"] + 0.6 * maps["ear"]) * (pale * evened), 0.02, 0.20, 0.19)
    tired = (0.25 + 0.95 * ((age - 20) / 60).clamp(0, 1)) * (1 - 0.7 * of("foundation"))
    _stain(albedo, maps["hollow"] * tired, 0.20, 0.24, 0.16)
    if worn("freckles") or bool((table["age"] > 45).any()):
        spots = freckle * of("freckles") * maps["freckle_zone"] * 1.3
        spots = spots + 0.8 * age_spot * ((age - 45) / 40).clamp(0, 1)
        _stain(albedo, (spots * evened).clamp_(0, 1), 0.30, 0.45, 0.52)
    if bool((table["age"] > 22).any()):
        folds = (maps["early_dark"] * early).clamp_(0, 1) * 0.38 + (maps["late_dark"] * late).clamp_(
            0, 1
        ) * 0.40
        _stain(albedo, folds, 0.7, 1.0, 1.0)
    _stain(albedo, maps["crease"], 0.21, 0.315, 0.315)

    if worn("foundation"):
        target = torch.lerp(to_linear(of("foundation_colour")), pick(bare, image), 0.5)
        albedo.lerp_(target, share("cover", of("foundation") * 0.55))
    if worn("blush"):
        albedo.lerp_(to_linear(of("blush_colour")), share("blush", of("blush") * 0.34))
    if worn("eye_shadow"):
        albedo.lerp_(to_linear(of("eye_shadow_colour")), share("shadow", of("eye_shadow") * 0.80))
    _stain(albedo, maps["lid_edge"], 0.44, 0.55, 0.55)
    if worn("liner"):
        albedo.lerp_(to_linear(of("liner_colour")), share("liner", of("liner") * 0.95))

    natural = pick(bare, image) * pick(_lip_tint(table), image)
    natural = torch.lerp(natural, pick(bare, image), 0.5 * ((age - 30) / 55).clamp(0, 1))
    lips = torch.lerp(natural, to_linear(of("lipstick_colour")), of("lipstick") * 0.92)
    lips = lips * (1 - 0.55 * maps["lip_slit"])
    albedo.lerp_(lips, (maps["lips"] * (0.85 + 0.15 * of("lipstick"))).clamp_(0, 1))
    albedo.mul_(1 + 0.06 * maps["lip_rim"])

    bumped = _bumped(maps, 1 - 0.5 * of("foundation"), (early, late), normal, tangent)
    gloss = (0.18 + 0.55 * maps["lips"] * (0.5 + 0.5 * of("lipstick"))).clamp(0, 1)
    oil = 0.45 + 0.55 * maps["oil"] * (1 - 0.5 * of("foundation")) + 0.35 * maps["lips"]
    return Surface(albedo, bumped, normal, gloss, oil)


def _bumped(
    maps: dict[str, Tensor], pores: Tensor, folds: tuple[Tensor, Tensor], normal: Tensor, tangent: Tensor
) -> Tensor:
    """The normals [3, p] of skin with pores and with early and late folds, each as deep as its strength [p]."""
    early, late = folds
    slope_u = maps["pore_u"] * pores + 2.3 * maps["early_u"] * early + 2.9 * maps["late_u"] * late
    slope_v = maps["pore_v"] * pores + 2.3 * maps["early_v"] * early + 2.9 * maps["late_v"] * late
    along = unit(tangent - normal * dot(tangent, normal), 1e-6)
    across = cross(normal, along)
    return unit(normal - along * slope_u - across * slope_v)


def _stain(albedo: Tensor, amount: Tensor, red: float, green: float, blue: float) -> None:
    """Takes shares of red, green and blue away where the amount [p] is 1, in place."""
    albedo.addcmul_(albedo, amount * colour_like(albedo, red, green, blue), value=-1)


def _own_pattern(maps: dict[str, Tensor], pattern: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mottling (about N(0, 1)), freckles and age spots (0..1) of one person: a mixture of two fields keeps their law."""
    first, second = pattern * 6.28318

    def mix(name: str, turn: Tensor) -> Tensor:
        return turn.cos() * maps[f"{name}_a"] + turn.sin() * maps[f"{name}_b"]

    freckle = ((mix("freckle", first) - 1.2) / 0.8).clamp(0, 1)
    age_spot = ((mix("age_spot", second) - 1.6) / 0.6).clamp(0, 1)
    return mix("mottle", second), freckle, age_spot


def _lip_tint(table: dict[str, Tensor]) -> Tensor:
    tone = table["skin_tone"][:, None]
    light = tone.new_tensor([0.80, 0.47, 0.47])
    dark = tone.new_tensor([0.88, 0.70, 0.72])
    return torch.lerp(light.expand(len(tone), 3), dark.expand(len(tone), 3), tone)


def light_skin(
    surface: Surface, view: Tensor, light: Light, image: Tensor, lit: Tensor, open_sky: Tensor
) -> Tensor:
    """Linear RGB of skin, [3, p]; lit [p]: share of the key light that arrives, open_sky [p]: share of the ambient."""
    towards = pick(light.direction, image)
    soft, sharp = dot(surface.smooth, towards), dot(surface.normal, towards)
    root = lit.sqrt()
    body = torch.empty_like(surface.smooth)
    for channel, (wrap, mix) in enumerate(SCATTER):
        facing = (soft * ((1 - mix) / (1 + wrap))).add_(sharp, alpha=mix / (1 + wrap)).add_(wrap / (1 + wrap))
        shadow = root * root.sqrt() if channel == 0 else lit  # lit to the power of 0.75 for red
        torch.mul(facing.clamp_min_(0).pow_(1 + wrap), shadow, out=body[channel])
    up = 0.5 + 0.5 * surface.normal[1]
    bounce = torch.lerp(pick(light.floor, image), pick(light.sky, image), up) * open_sky
    body.mul_(pick(light.key, image)).add_(bounce)
    if bool((light.rim > 0).any()):
        behind = dot(surface.normal, pick(light.back, image)).clamp_min_(0).mul_(0.9)
        body.addcmul_(behind, pick(light.rim, image))
    body.mul_(surface.albedo)

    half = unit(towards + view)
    facing = dot(surface.normal, half).clamp(0, 1)
    square = facing.square()
    fourth = square.square()
    broad = fourth.square() * fourth * square * 0.055  # to the power of 14
    tight = facing ** (30 + 160 * surface.gloss) * (0.10 + 0.55 * surface.gloss)
    grazing = (1 - dot(surface.normal, view).clamp(0, 1)).square().square()
    shine = (broad + tight) * surface.oil * lit * (sharp + 0.1).clamp(0, 1)
    sheen = 0.10 * grazing * surface.oil * open_sky
    return body.addcmul_(shine, pick(light.key, image)).addcmul_(sheen, pick(light.sky, image))
