"""Colour and class of every visible pixel, material by material."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cuda_ops.rasterize import interpolate
from latentlab.world.beard import beard_cover
from latentlab.world.eye import light_eye, light_mouth, paint_eye
from latentlab.world.factors import BEARD_STYLES
from latentlab.world.haircuts import cut_of
from latentlab.world.head import EYES, Head
from latentlab.world.light import Light, pick, to_linear
from latentlab.world.model import PARTS
from latentlab.world.scalp import hairline_margin, receded, recession
from latentlab.world.scene import MATERIALS, Scene
from latentlab.world.skin import light_skin, paint_skin
from latentlab.world.strand_light import grey_share, light_strands, strand_colour

MASK_CLASSES = (
    "background", "skin", "brows", "eyes", "nose", "lips", "mouth", "hair", "ears", "neck", "glasses", "cloth",
)  # fmt: skip
"""Face-parsing classes, in the order of the labels."""
CLASS = {name: number for number, name in enumerate(MASK_CLASSES)}


@dataclass(frozen=True, eq=False)
class Visible:
    """The covered pixels of a batch, [p] and [p, ...]."""

    pixels: Tensor
    """Places in the flattened index, int64."""
    image: Tensor
    """Which face, int64."""
    material: Tensor
    """Place in `MATERIALS`, int64."""
    normal: Tensor
    """Unit, camera frame."""
    place: Tensor
    """Camera frame."""
    extra: Tensor
    """Six numbers for the material."""
    view: Tensor
    """Towards the camera, unit."""
    lit: Tensor
    """Share of the key light that arrives."""
    sky: Tensor
    """Share of the ambient light that arrives."""

    def of(self, *names: str) -> Visible | None:
        """The pixels of some materials, or None where there are none."""
        chosen = torch.zeros_like(self.material, dtype=torch.bool)
        for name in names:
            chosen |= self.material == MATERIALS.index(name)
        return self.only(torch.nonzero(chosen)[:, 0])

    def only(self, rows: Tensor) -> Visible | None:
        """Some rows."""
        if not len(rows):
            return None
        return Visible(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def shade(
    head: Head, scene: Scene, table: dict[str, Tensor], light: Light, canvas: Tensor, index: Tensor, seen: Visible, finest: int
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Linear RGB [n * h * w, 3] (zero on background) and class int64 [n * h * w]."""
    colour = torch.zeros(index.numel(), 3, device=index.device)
    label = torch.zeros(index.numel(), dtype=torch.int64, device=index.device)

    if (skin := seen.of("face", "head")) is not None:
        uv = interpolate(head.texcoords[None], scene.corners, canvas, scene.triangles, index, skin.pixels)
        values = head.atlas.read(uv, skin.material == 0, finest)
        maps = {name: values[:, place] for name, place in head.atlas.channels.items()}
        colour[skin.pixels], label[skin.pixels] = _skin(skin, maps, table, light)
    if (eyes := seen.of(*(PARTS[eye] for eye in EYES))) is not None:
        albedo = paint_eye(eyes.extra[:, :3], table, eyes.image)
        colour[eyes.pixels] = light_eye(albedo, eyes.normal, eyes.view, light, eyes.image, eyes.lit, eyes.sky)
        label[eyes.pixels] = CLASS["eyes"]
    front = head.rest[head.landmarks[[62, 66]], 2].mean() - 0.35
    for name, tint, wet in (
        ("teeth", (0.74, 0.69, 0.60), 0.30),
        ("gums", (0.42, 0.12, 0.11), 0.25),
        ("mouth", (0.28, 0.07, 0.07), 0.1),
    ):
        if (part := seen.of(name)) is not None:
            albedo = colour.new_tensor(tint).expand(len(part.pixels), 3)
            behind = (front - part.extra[:, 2]).clamp_min(0)
            colour[part.pixels] = light_mouth(
                albedo, behind, part.normal, part.view, light, part.image, part.lit, wet
            )
            label[part.pixels] = CLASS["mouth"]
    for name in ("hair", "beard"):
        if (hair := seen.of(name)) is not None:
            strands = strand_colour(table, hair.image, hair.extra[:, 5]) * (0.8 if name == "beard" else 1.0)
            colour[hair.pixels] = light_strands(
                strands, hair.extra, hair.normal, hair.view, light, hair.image, hair.lit, hair.sky
            )
            label[hair.pixels] = CLASS["hair" if name == "hair" else "skin"]
    if (lashes := seen.of("lashes")) is not None:
        dark = (
            pick(to_linear(table["hair_colour"]), lashes.image)
            * 0.25
            * (1 - pick(grey_share(table), lashes.image)[:, None] * 0.3)
            + 0.004
        )
        dark = torch.lerp(
            dark,
            pick(to_linear(table["liner_colour"]), lashes.image),
            pick(table["liner"], lashes.image)[:, None],
        )
        colour[lashes.pixels] = dark * (
            pick(light.sky, lashes.image) + 0.3 * pick(light.key, lashes.image) * lashes.lit[:, None]
        )
        label[lashes.pixels] = CLASS["eyes"]
    if (frame := seen.of("frame")) is not None:
        colour[frame.pixels] = _frame(frame, table, light)
        label[frame.pixels] = CLASS["glasses"]
    return colour, label


def _skin(
    skin: Visible, maps: dict[str, Tensor], table: dict[str, Tensor], light: Light
) -> tuple[Tensor, Tensor]:
    image, rest = skin.image, skin.extra[:, 0:3]
    surface = paint_skin(maps, table, image, skin.normal, skin.extra[:, 3:6])
    albedo, oil, gloss = surface.albedo, surface.oil, surface.gloss

    brow = _brow_cover(maps, table, image)
    stubble = beard_cover(maps, pick(table["beard_style"], image))
    short = pick(table["beard_style"], image) == BEARD_STYLES.index("stubble")
    grown = torch.where(
        short,
        (0.25 + 0.6 * pick(table["beard_length"], image)) * (0.35 + 0.65 * maps["stubble"]),
        0.55 + 0 * stubble,
    )
    shaved = (
        0.10
        * (
            (pick(table["presentation"], image) - 0.1).clamp(0, 1)
            * ((pick(table["age"], image) - 15) / 6).clamp(0, 1)
        )
        * maps["beard"]
        * (0.5 + maps["stubble"])
    )
    stubble = torch.maximum(stubble * grown, shaved)
    margin = hairline_margin(rest) - receded(rest, pick(recession(table), image))
    scalp = (
        pick(cut_of(table["hair_style"])["cover"], image) * _ramp(margin, -0.15, 0.75) * (maps["ear"] < 0.5)
    )
    hair = strand_colour(table, image, torch.full_like(scalp, 0.37))
    for cover, tint in ((brow, hair * 0.45 + 0.003), (stubble * 0.8, hair * 0.7 + 0.01), (scalp, hair * 0.6)):
        albedo = torch.lerp(albedo, tint, cover.clamp(0, 1)[:, None])
    dull = 1 - 0.8 * torch.maximum(torch.maximum(scalp, brow), stubble * 0.6).clamp(0, 1)

    collar = -12.2 + 0.05 * rest[:, 0].square() - 0.10 * (rest[:, 2] - 2).clamp_min(0)
    cloth = rest[:, 1] < collar
    albedo = torch.where(cloth[:, None], pick(to_linear(table["cloth_colour"]), image), albedo)
    dull = torch.where(cloth, 0.1, dull)

    surface = replace(surface, albedo=albedo, oil=oil * dull, gloss=gloss * dull)
    label = _skin_label(maps, skin.material, rest, brow, scalp, cloth)
    return light_skin(surface, skin.view, light, image, skin.lit, skin.sky), label


def _brow_cover(maps: dict[str, Tensor], table: dict[str, Tensor], image: Tensor) -> Tensor:
    thick = pick(table["brow_thickness"], image)
    strokes = torch.lerp(maps["brow_core"], maps["brow_bushy"], (thick * 1.3 - 0.15).clamp(0, 1))
    shade = maps["brow_region"] * (0.40 + 0.30 * thick)
    return (
        (1 - (1 - strokes * 0.9) * (1 - shade * 0.80)) * (0.35 + 0.75 * pick(table["brow_darkness"], image))
    ).clamp(0, 0.97)


def _ramp(value: Tensor, low: float, high: float) -> Tensor:
    return ((value - low) / (high - low)).clamp(0, 1)


def _skin_label(
    maps: dict[str, Tensor], material: Tensor, rest: Tensor, brow: Tensor, scalp: Tensor, cloth: Tensor
) -> Tensor:
    label = torch.full_like(material, CLASS["skin"])
    neck = (maps["neck"] > 0.5) | ((material == 1) & (rest[:, 1] < -3.5))
    for chosen, name in (
        (neck, "neck"), (maps["nose"] > 0.5, "nose"), (maps["ear"] > 0.5, "ears"), (maps["brow_region"] > 0.5, "brows"),
        (maps["lips"] > 0.5, "lips"), (scalp > 0.45, "hair"), (cloth, "cloth"),
    ):  # fmt: skip
        label = torch.where(chosen, CLASS[name], label)
    return label


def _frame(frame: Visible, table: dict[str, Tensor], light: Light) -> Tensor:
    image = frame.image
    base = pick(to_linear(table["glasses_colour"]), image)
    towards = pick(light.direction, image)
    diffuse = ((frame.normal * towards).sum(1).clamp_min(0) * frame.lit)[:, None]
    facing = (frame.normal * normalize(towards + frame.view, dim=1)).sum(1).clamp(0, 1)
    grazing = (1 - (frame.normal * frame.view).sum(1).clamp(0, 1)) ** 3
    bounce = pick(light.sky, image) * frame.sky[:, None]
    return (
        base * (diffuse * pick(light.key, image) + bounce)
        + (0.35 * facing**60)[:, None] * pick(light.key, image)
        + (0.12 * grazing)[:, None] * bounce
    )
