"""The contact sheet: people drawn at random, and one person swept over each factor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from latentlab.core.errors import BadInput
from latentlab.core.image import save_image, to_picture
from latentlab.core.watch import Watch, silent
from latentlab.world.factors import BEARD_STYLES, GLASSES_STYLES, HAIR_STYLES, Face
from latentlab.world.laws import draw_faces
from latentlab.world.render import Renderer, load_renderer

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = 9
MARGIN = 92
"""Pixels left of a row for its name."""


@dataclass(frozen=True)
class Sweep:
    """One row: what changes from picture to picture, and who shows it."""

    name: str
    """Written beside the row."""
    values: tuple[Any, ...]
    """What the factor takes, one for each picture."""
    factor: str = ""
    """Field of `Face`; by default the name."""
    fixed: tuple[tuple[str, Any], ...] = ()
    """Other factors, the same in the whole row."""
    who: int = 0
    """Which of the sheet's people."""

    def faces(self, people: list[Face]) -> list[Face]:
        """The row."""
        base = replace(people[self.who % len(people)], **dict(self.fixed))
        return [replace(base, **{self.factor or self.name: value}) for value in self.values]


def _steps(low: float, high: float) -> tuple[float, ...]:
    return tuple(float(value) for value in torch.linspace(low, high, COLUMNS))


SWEEPS: tuple[Sweep, ...] = (
    Sweep("age", _steps(15, 85), who=0, fixed=(("hair_style", "side_part"), ("beard_style", "none"))),
    Sweep("age", _steps(15, 85), who=1, fixed=(("hair_style", "bob"),)),
    Sweep("presentation", _steps(-1, 1), who=1, fixed=(("hair_style", "short"), ("beard_style", "none"))),
    Sweep("yaw", _steps(-60, 60), who=2),
    Sweep("pitch", _steps(-25, 25), who=3),
    Sweep("smile", _steps(0, 1), who=1),
    Sweep("open mouth", _steps(0, 1), "mouth_open", who=2),
    Sweep("surprise", _steps(0, 1), who=3),
    Sweep("anger", _steps(0, 1), who=0),
    Sweep("sadness", _steps(0, 1), who=2),
    Sweep("blink", _steps(0, 1), who=1),
    Sweep("gaze", _steps(-25, 25), "gaze_yaw", who=3),
    Sweep("skin tone", _steps(0, 1), "skin_tone", who=0),
    Sweep("lipstick", _steps(0, 1), who=1, fixed=(("lipstick_colour", (0.70, 0.05, 0.12)),)),
    Sweep("eye shadow", _steps(0, 1), "eye_shadow", who=3, fixed=(("eye_shadow_colour", (0.30, 0.25, 0.50)), ("blink", 0.25))),
    Sweep("liner", _steps(0, 1), who=1),
    Sweep("blush", _steps(0, 1), who=1, fixed=(("blush_colour", (0.85, 0.35, 0.38)),)),
    Sweep("foundation", _steps(0, 1), who=3, fixed=(("freckles", 0.8),)),
    Sweep("freckles", _steps(0, 1), who=1, fixed=(("skin_tone", 0.12),)),
    Sweep("brows", _steps(0, 1), "brow_thickness", who=0),
    Sweep("hair", tuple(HAIR_STYLES[:COLUMNS]), "hair_style", who=3),
    Sweep("hair", tuple(HAIR_STYLES[len(HAIR_STYLES) - COLUMNS :]), "hair_style", who=1),
    Sweep("hair length", _steps(0, 1), "hair_length", who=1, fixed=(("hair_style", "wavy"),)),
    Sweep("hairline", _steps(-0.2, 1), who=0, fixed=(("hair_style", "short"),)),
    Sweep("greying", _steps(-0.4, 1), who=0, fixed=(("hair_style", "short"), ("age", 40.0))),
    Sweep("beard", (*BEARD_STYLES, *BEARD_STYLES[1:]), "beard_style", who=0),
    Sweep("glasses", (*GLASSES_STYLES, *GLASSES_STYLES[1:]), who=2),
    Sweep("light", _steps(-80, 80), "light_azimuth", who=0, fixed=(("light_elevation", 25.0), ("ambient", 0.3))),
    Sweep("warmth", tuple(reversed(_steps(2800, 9500))), "light_temperature", who=1),
    Sweep("distance", tuple(float(x) for x in torch.linspace(3.7, 5.4, COLUMNS).exp()), who=2),
)  # fmt: skip
"""The rows of the sheet."""


def draw_sheet(
    out: Path | str, size: int = 160, seed: int = 7, law: str = "natural", style: str = "photo", rows: int = 4,
    *, sweeps: bool = True, renderer: Renderer | None = None, face_model: Path | str | None = None, watch: Watch = silent,
) -> Path:  # fmt: skip
    """Renders the contact sheet into a picture file.

    Args:
        out: PNG, JPEG or WebP file.
        size: side of each picture.
        seed, law: of the random people.
        style: "photo" or "toon".
        rows: rows of random people.
        sweeps: whether one person swept over each factor follows.
    """
    if not 32 <= size <= 512:
        raise BadInput(f"the pictures of a sheet cannot be {size} pixels wide; give 32 to 512")
    renderer = renderer or load_renderer(face_model)
    people = draw_faces(rows * COLUMNS, law, seed)
    work: list[tuple[str, list[Face]]] = [("", people[i * COLUMNS : (i + 1) * COLUMNS]) for i in range(rows)]
    work += [(sweep.name, sweep.faces(_models())) for sweep in SWEEPS] if sweeps else []

    margin = MARGIN if sweeps else 0
    strips = []
    for done, (name, faces) in enumerate(work):
        images = renderer.render(faces, size, style=style).images
        strips.append(_row([to_picture(image) for image in images], name, size, margin))
        watch((done + 1) / len(work), name or "people")
    return save_image(
        _stack(strips), out, {"kind": "contact sheet", "seed": seed, "law": law}, "algorithmicMedia"
    )


def _models() -> list[Face]:
    """The people of the sweeps, looking straight ahead in one light."""
    calm: dict[str, Any] = {
        "yaw": 8.0, "pitch": 0.0, "roll": 0.0, "smile": 0.0, "mouth_open": 0.0, "surprise": 0.0, "anger": 0.0, "sadness": 0.0,
        "blink": 0.0, "gaze_yaw": 0.0, "gaze_pitch": 0.0, "light_azimuth": 35.0, "light_elevation": 35.0, "ambient": 0.45,
        "light_strength": 1.0, "light_temperature": 5400.0, "distance": 90.0, "glasses": "none", "beard_style": "none",
        "lipstick": 0.0, "eye_shadow": 0.0, "liner": 0.0, "blush": 0.0, "foundation": 0.0, "freckles": 0.0, "exposure": 0.0,
        "greying": 0.0, "hairline": 0.0, "background_top": (0.62, 0.64, 0.66), "background_bottom": (0.45, 0.46, 0.48),
        "background_blur": (0.15, 0.3, 0.6, 0.2), "blendshapes": Face().blendshapes, "rim": 0.2, "zoom": 1.0, "shift": (0.0, 0.0),
    }  # fmt: skip
    looks: tuple[dict[str, Any], ...] = (
        {"presentation": 0.7, "age": 32.0, "skin_tone": 0.22, "hair_style": "short", "hair_colour": (0.16, 0.10, 0.07)},
        {"presentation": -0.75, "age": 27.0, "skin_tone": 0.15, "hair_style": "wavy", "hair_colour": (0.42, 0.26, 0.15)},
        {"presentation": 0.55, "age": 38.0, "skin_tone": 0.78, "hair_style": "crop", "hair_colour": (0.06, 0.05, 0.05)},
        {"presentation": -0.6, "age": 30.0, "skin_tone": 0.48, "hair_style": "long", "hair_colour": (0.08, 0.06, 0.05)},
    )  # fmt: skip
    people = draw_faces(16, "natural", seed=8)
    chosen = [people[place] for place in (8, 9, 13, 15)]
    shapes = [tuple(0.85 * value for value in face.shape) for face in chosen]
    return [
        replace(face, **calm, **look, shape=shape)
        for face, look, shape in zip(chosen, looks, shapes, strict=True)
    ]


def _row(pictures: list[Image], name: str, size: int, margin: int) -> Image:
    from PIL import Image as pillow
    from PIL import ImageDraw, ImageFont

    strip = pillow.new("RGB", (margin + COLUMNS * size, size), (250, 250, 250))
    for place, picture in enumerate(pictures):
        strip.paste(picture, (margin + place * size, 0))
    if name:
        pen = ImageDraw.Draw(strip)
        pen.text((6, size // 2), name, fill=(30, 30, 30), font=ImageFont.load_default(15), anchor="lm")
    return strip


def _stack(strips: list[Image]) -> Image:
    from PIL import Image as pillow

    sheet = pillow.new("RGB", (strips[0].width, sum(strip.height for strip in strips)), (250, 250, 250))
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet
