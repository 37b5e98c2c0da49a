"""What scorers learn to see: every visible factor as rendered, as one number each with its unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentlab.core.shapes import Scores
from latentlab.world.expressions import blend_weights
from latentlab.world.factors import BEARD_STYLES, BLENDSHAPES, HAIR_STYLES, Face, columns
from latentlab.world.light import to_linear
from latentlab.world.skin import _lip_tint, skin_colour
from latentlab.world.strand_light import grey_share

Table = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Target:
    """One attribute: its name, its unit, and how it follows from the factors."""

    name: str
    unit: str
    of: Callable[[Table], Tensor]
    """Factors by name, [n] or [n size], to values [n]."""
    sided: bool = False
    """Whether a mirrored picture has the opposite value."""


def lab(linear: Tensor) -> Tensor:
    """CIELAB (D65) of linear sRGB, [n 3] to [n 3]: L* in 0..100, a* towards red, b* towards yellow."""
    to_xyz = linear.new_tensor(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    white = linear.new_tensor([0.95047, 1.0, 1.08883])
    xyz = linear @ to_xyz.T / white
    root = torch.where(xyz > 216 / 24389, xyz.clamp_min(1e-9) ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
    return torch.stack(
        [116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], 1
    )


def _plain(name: str) -> Callable[[Table], Tensor]:
    return lambda table: table[name]


def _shape(*names: str) -> Callable[[Table], Tensor]:
    """Mean of the effective weights of blendshapes (both sides where there are two)."""

    def of(table: Table) -> Tensor:
        weights = blend_weights(table, BLENDSHAPES)
        places = [
            i for i, shape in enumerate(BLENDSHAPES) if shape.removesuffix("_L").removesuffix("_R") in names
        ]
        return weights[:, places].mean(1)

    return of


def _lips(channel: int) -> Callable[[Table], Tensor]:
    def of(table: Table) -> Tensor:
        bare = skin_colour(table)
        lips = torch.lerp(
            bare * _lip_tint(table), to_linear(table["lipstick_colour"]), 0.92 * table["lipstick"][:, None]
        )
        return (lab(lips) - lab(bare))[:, channel]

    return of


def _painted(colour: str, strength: str, most: float, channel: int | None) -> Callable[[Table], Tensor]:
    """Colour difference between painted and bare skin: one Lab channel, or ΔE (CIE76)."""

    def of(table: Table) -> Tensor:
        bare = skin_colour(table)
        painted = torch.lerp(bare, to_linear(table[colour]), most * table[strength][:, None])
        change = lab(painted) - lab(bare)
        return change.norm(dim=1) if channel is None else change[:, channel]

    return of


def _hair_lightness(table: Table) -> Tensor:
    grey = table["age"].new_tensor([0.47, 0.465, 0.46]).expand(len(table["age"]), 3)
    return lab(torch.lerp(to_linear(table["hair_colour"]), grey, grey_share(table)[:, None]))[:, 0]


def _is(name: str, *styles: str, among: Sequence[str]) -> Callable[[Table], Tensor]:
    places = torch.tensor([among.index(style) for style in styles])
    return lambda table: torch.isin(table[name], places.to(table[name].device)).float()


def _beard(table: Table) -> Tensor:
    amount = torch.tensor(
        [{"none": 0.0, "stubble": 0.3, "moustache": 0.5, "goatee": 0.7, "full": 1.0}[s] for s in BEARD_STYLES]
    )
    return amount.to(table["age"])[table["beard_style"]]


def _azimuth(table: Table) -> Tensor:
    return torch.sin(table["light_azimuth"].deg2rad())


def _background(table: Table) -> Tensor:
    return (lab(to_linear(table["background_top"])) + lab(to_linear(table["background_bottom"])))[:, 0] / 2


TARGETS: tuple[Target, ...] = (
    Target("age", "years", _plain("age")),
    Target("presentation", "-1 feminine .. 1 masculine", _plain("presentation")),
    Target("yaw", "degrees", _plain("yaw"), sided=True),
    Target("pitch", "degrees", _plain("pitch")),
    Target("smile", "blendshape weight", _shape("mouthSmile")),
    Target("mouth_open", "blendshape weight", _shape("jawOpen")),
    Target("surprise", "blendshape weight", _shape("browOuterUp", "eyeWide")),
    Target("anger", "blendshape weight", _shape("browDown")),
    Target("sadness", "blendshape weight", _shape("mouthFrown")),
    Target("blink", "blendshape weight", _shape("eyeBlink")),
    Target("gaze_yaw", "degrees", _plain("gaze_yaw"), sided=True),
    Target("gaze_pitch", "degrees", _plain("gaze_pitch")),
    Target("lip_lightness", "ΔL* to bare skin", _lips(0)),
    Target("lip_redness", "Δa* to bare skin", _lips(1)),
    Target("lip_yellowness", "Δb* to bare skin", _lips(2)),
    Target("eye_shadow", "ΔE to bare skin", _painted("eye_shadow_colour", "eye_shadow", 0.8, None)),
    Target("liner", "ΔE to bare skin", _painted("liner_colour", "liner", 0.95, None)),
    Target("blush", "Δa* to bare skin", _painted("blush_colour", "blush", 0.5, 1)),
    Target("skin_tone", "0 light .. 1 dark", _plain("skin_tone")),
    Target("hair_lightness", "L*", _hair_lightness),
    Target("long_hair", "share", _is("hair_style", "bob", "long", "wavy", among=HAIR_STYLES)),
    Target("bald", "share", _is("hair_style", "bald", "buzz", among=HAIR_STYLES)),
    Target("beard", "0 none .. 1 full", _beard),
    Target("glasses", "share", lambda table: (table["glasses"] > 0).float()),
    Target("light_azimuth", "sine", _azimuth, sided=True),
    Target("ambient", "share of the key light", _plain("ambient")),
    Target("background", "L*", _background),
)

NAMES: tuple[str, ...] = tuple(target.name for target in TARGETS)
UNITS: tuple[str, ...] = tuple(target.unit for target in TARGETS)


def mirror_signs(names: Sequence[str] = NAMES) -> Tensor:
    """What becomes of each value when the picture is mirrored, as a factor, [names]."""
    sided = {target.name for target in TARGETS if target.sided}
    return torch.tensor([-1.0 if name in sided else 1.0 for name in names])


def targets_of(faces: list[Face]) -> Scores:
    """The true scores of these faces, [n names]."""
    table = columns(faces)
    return torch.stack([target.of(table).float() for target in TARGETS], dim=1)
