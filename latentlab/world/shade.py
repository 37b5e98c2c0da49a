"""Colour and class of every visible pixel, material by material."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentlab.world.beard import beard_cover
from latentlab.world.eye import light_eye, light_mouth, paint_eye
from latentlab.world.factors import BEARD_STYLES
from latentlab.world.haircuts import cut_of
from latentlab.world.head import Head
from latentlab.world.light import Light, pick, to_linear
from latentlab.world.scalp import angle_round_head, hairline_margin, receded, recession
from latentlab.world.skin import light_skin, paint_skin
from latentlab.world.strand_light import grey_share, light_strands, strand_colour
from latentlab.world.toon import light_toon, plain_maps
from latentlab.world.vectors import colour_like, dot, unit
from latentlab.world.visible import CLASS, Outlook, Visible

MOUTH = {
    "teeth": ((0.74, 0.69, 0.60), 0.30),
    "gums": ((0.42, 0.12, 0.11), 0.25),
    "mouth": ((0.28, 0.07, 0.07), 0.10),
}
"""Albedo (linear RGB) and wetness of what is seen between the lips."""
SPOT = {"skin": 0.10, "hair": 0.16, "frame": 0.5}
"""Gloss of the cartoon's materials."""


@dataclass(frozen=True, eq=False)
class Shading:
    """What all materials need to know."""

    head: Head
    table: dict[str, Tensor]
    light: Light
    toon: bool
    """Whether a cartoon is drawn."""

    def flat(self, albedo: Tensor, part: Visible, material: str) -> Tensor:
        """The cartoon's light on a material."""
        gloss = SPOT.get(material, 0.0)
        return light_toon(albedo, part.normal, part.view, self.light, part.image, part.lit, gloss)


AT_ONCE = {"cpu": 1 << 17, "cuda": 1 << 24}
"""Pixels shaded together: on a CPU few enough for its caches, and enough that calls of operators do not count."""


@dataclass(frozen=True, eq=False)
class Painting:
    """A flattened batch of pictures, zero on background."""

    colour: Tensor
    """Linear RGB, [3, count]."""
    label: Tensor
    """Class, uint8 [count]."""
    normal: Tensor
    """Camera frame, [3, count]."""


def shade(
    outlook: Outlook, head: Head, table: dict[str, Tensor], light: Light, read: Callable[[Visible], dict[str, Tensor]],
    *, toon: bool,
) -> Painting:  # fmt: skip
    """Colour, class and normal of every pixel; read: gives the painted maps at pixels of the face, [p] by name."""
    count, device = outlook.index.numel(), outlook.index.device
    painting = Painting(
        torch.zeros(3, count, device=device),
        torch.zeros(count, dtype=torch.uint8, device=device),
        torch.zeros(3, count, device=device),
    )
    faces = len(outlook.index)
    together = 1 if device.type == "cpu" else faces  # one face needs no look-up of its factors for each pixel
    for first in range(0, faces, together):
        rows = slice(first, min(first + together, faces))
        shading = Shading(head, {name: values[rows] for name, values in table.items()}, light.of(rows), toon)
        for material, pixels in outlook.spots(rows, AT_ONCE.get(device.type, 1 << 20)):
            part = outlook.at(pixels, rows)
            colour, label = _paint(shading, material, part, read)
            painting.label[pixels] = label
            for place, values in ((painting.colour, colour), (painting.normal, part.normal)):
                for i in range(3):
                    place[i].scatter_(0, pixels, values[i])
    return painting


def _paint(
    shading: Shading, material: str, part: Visible, read: Callable[[Visible], dict[str, Tensor]]
) -> tuple[Tensor, Tensor | int]:
    """Colour [3, p] and class of pixels of one material."""
    match material:
        case "face":
            return _skin(shading, part, read(part))
        case "head":  # nothing is painted there
            bare = part.lit.new_zeros(1)
            return _skin(shading, part, dict.fromkeys(shading.head.atlas.channels, bare), neck=True)
        case "eyes":
            return _eye(shading, part), CLASS["eyes"]
        case "hair":
            return _strands(shading, part, 1.0), CLASS["hair"]
        case "beard":
            return _strands(shading, part, 0.8), CLASS["skin"]
        case "lashes":
            return _lashes(shading, part), CLASS["eyes"]
        case "frame":
            return _frame(shading, part), CLASS["glasses"]
    return _mouth(shading, part, material), CLASS["mouth"]


def _skin(
    shading: Shading, skin: Visible, maps: dict[str, Tensor], *, neck: bool = False
) -> tuple[Tensor, Tensor]:
    table, image, rest = shading.table, skin.image, skin.extra[0:3]
    if shading.toon:
        maps = plain_maps(maps)
    surface = paint_skin(maps, table, image, skin.normal, skin.extra[3:6])
    brow, stubble, scalp = _hairy(maps, table, image, rest)
    hair = strand_colour(table, image, scalp.new_tensor([0.37]))
    albedo = surface.albedo.expand_as(rest).contiguous()
    for cover, tint in ((brow, hair * 0.45 + 0.003), (stubble * 0.8, hair * 0.7 + 0.01), (scalp, hair * 0.6)):
        albedo.lerp_(tint, cover.clamp(0, 1))
    dull = 1 - 0.8 * torch.maximum(torch.maximum(scalp, brow), stubble * 0.6).clamp(0, 1)

    collar = -12.2 + 0.05 * rest[0].square() - 0.10 * (rest[2] - 2).clamp_min(0)
    cloth = rest[1] < collar
    albedo = torch.where(cloth, pick(to_linear(table["cloth_colour"]), image), albedo)
    dull = torch.where(cloth, 0.1, dull)

    label = _skin_label(maps, rest, scalp, cloth, neck=neck)
    if shading.toon:
        return shading.flat(albedo, replace_normal(skin, surface.normal), "skin"), label
    surface = replace(surface, albedo=albedo, oil=surface.oil * dull, gloss=surface.gloss * dull)
    return light_skin(surface, skin.view, shading.light, image, skin.lit, skin.sky), label


def replace_normal(part: Visible, normal: Tensor) -> Visible:
    """The same pixels with other normals."""
    return replace(part, normal=normal)


def _hairy(
    maps: dict[str, Tensor], table: dict[str, Tensor], image: Tensor, rest: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """How much brow, beard shadow and hair roots cover skin pixels, [p] each."""
    thick = pick(table["brow_thickness"], image)
    strokes = torch.lerp(maps["brow_core"], maps["brow_bushy"], (thick * 1.3 - 0.15).clamp(0, 1))
    region = maps["brow_region"] * (0.30 + 0.30 * thick)
    brow = 1 - (1 - strokes * 0.9) * (1 - region * 0.80)
    brow = (brow * (0.35 + 0.75 * pick(table["brow_darkness"], image))).clamp(0, 0.97)

    style, length = pick(table["beard_style"], image), pick(table["beard_length"], image)
    grown = torch.where(
        style == BEARD_STYLES.index("stubble"), (0.25 + 0.6 * length) * (0.35 + 0.65 * maps["stubble"]), maps["beard"].new_tensor(0.80)
    )  # fmt: skip
    adult = ((pick(table["presentation"], image) - 0.1).clamp(0, 1)) * (
        (pick(table["age"], image) - 15) / 6
    ).clamp(0, 1)
    shaved = 0.10 * adult * maps["beard"] * (0.5 + maps["stubble"])
    stubble = torch.maximum(beard_cover(maps, style) * grown, shaved)

    angle = angle_round_head(rest[0], rest[2])
    margin = hairline_margin(rest[1], angle) - receded(rest[1], angle, pick(recession(table), image))
    cover = pick(cut_of(table["hair_style"])["cover"], image)
    scalp = cover * ((margin + 0.15) / 0.9).clamp(0, 1) * (maps["ear"] < 0.5)
    return brow, stubble, scalp


def _skin_label(maps: dict[str, Tensor], rest: Tensor, scalp: Tensor, cloth: Tensor, *, neck: bool) -> Tensor:
    label = torch.full_like(cloth, CLASS["skin"], dtype=torch.uint8)
    for chosen, name in (
        (rest[1] < -3.5 if neck else maps["neck"] > 0.5, "neck"), (maps["nose"] > 0.5, "nose"), (maps["ear"] > 0.5, "ears"), (maps["brow_region"] > 0.5, "brows"),
        (maps["lips"] > 0.5, "lips"), (scalp > 0.45, "hair"), (cloth, "cloth"),
    ):  # fmt: skip
        label.masked_fill_(chosen, CLASS[name])
    return label


def _eye(shading: Shading, eye: Visible) -> Tensor:
    albedo = paint_eye(eye.extra[:3], shading.table, eye.image)
    if shading.toon:
        lid = 0.72 + 0.28 * eye.sky
        return albedo * lid * 1.05 + light_eye(
            albedo * 0, eye.normal, eye.view, shading.light, eye.image, eye.lit, eye.sky
        )
    return light_eye(albedo, eye.normal, eye.view, shading.light, eye.image, eye.lit, eye.sky)


def _mouth(shading: Shading, part: Visible, name: str) -> Tensor:
    tint, wet = MOUTH[name]
    albedo = colour_like(part.lit, *tint)
    front = shading.head.rest[shading.head.landmarks[[62, 66]], 2].mean() - 0.35
    behind = (front - part.extra[2]).clamp_min(0)
    if shading.toon:
        return albedo * torch.exp(-0.4 * behind) * 1.1
    return light_mouth(albedo, behind, part.normal, part.view, shading.light, part.image, part.lit, wet)


def _strands(shading: Shading, hair: Visible, darker: float) -> Tensor:
    if shading.toon:
        lock = torch.frac(hair.extra[5] * 5).round() * 0.1 + 0.45
        return shading.flat(strand_colour(shading.table, hair.image, lock) * darker, hair, "hair")
    colour = strand_colour(shading.table, hair.image, hair.extra[5]) * darker
    return light_strands(
        colour, hair.extra, hair.normal, hair.view, shading.light, hair.image, hair.lit, hair.sky
    )


def _lashes(shading: Shading, lashes: Visible) -> Tensor:
    table, light, image = shading.table, shading.light, lashes.image
    hair = (
        pick(to_linear(table["hair_colour"]), image) * 0.25 * (1 - 0.3 * pick(grey_share(table), image))
        + 0.004
    )
    colour = torch.lerp(hair, pick(to_linear(table["liner_colour"]), image), pick(table["liner"], image))
    return colour * (pick(light.sky, image) + 0.3 * pick(light.key, image) * lashes.lit)


def _frame(shading: Shading, frame: Visible) -> Tensor:
    light, image = shading.light, frame.image
    base = pick(to_linear(shading.table["glasses_colour"]), image)
    if shading.toon:
        return shading.flat(base, frame, "frame")
    towards = pick(light.direction, image)
    diffuse = dot(frame.normal, towards).clamp_min(0) * frame.lit
    facing = dot(frame.normal, unit(towards + frame.view)).clamp(0, 1)
    grazing = (1 - dot(frame.normal, frame.view).clamp(0, 1)) ** 3
    bounce = pick(light.sky, image) * frame.sky
    body = base * (diffuse * pick(light.key, image) + bounce)
    return body + 0.35 * facing**60 * pick(light.key, image) + 0.12 * grazing * bounce
