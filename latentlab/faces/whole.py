"""A photo keeps what it was: alpha, 16 bits, grey, colour profile, EXIF, copyright and resolution, whatever was pasted into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION = 0x0112
KEPT = ("icc_profile", "dpi")
GREY = np.array([0.299, 0.587, 0.114])


def returned(source: Path | Image | None, before: Image, after: Image) -> Image:
    """The change from `before` to `after` (upright RGB) made in the photo itself, in its own mode and depth.

    `source` is the photo's file; its orientation has been applied once and is taken out of its EXIF. Palettes and CMYK
    become RGB.
    """
    from PIL import Image as pillow
    from PIL import ImageOps

    if not isinstance(source, Path):
        return after
    with pillow.open(source) as opened:
        opened.load()
        info = {name: opened.info[name] for name in KEPT if name in opened.info}
        exif = opened.getexif()
        own = ImageOps.exif_transpose(opened)
    change = np.asarray(after, np.int32) - np.asarray(before, np.int32)
    made = _changed(own, change, after)
    if own.mode == "CMYK":
        info.pop("icc_profile", None)  # it speaks of inks
    exif.pop(ORIENTATION, None)
    if len(exif):
        info["exif"] = exif.tobytes()
    made.info.clear()
    made.info.update(info)
    return made


def _changed(own: Image, change: np.ndarray, after: Image) -> Image:
    from PIL import Image as pillow

    if own.mode in ("RGB", "RGBA"):
        pixels = np.array(own)
        colours = pixels[..., :3].astype(np.int32) + change
        pixels[..., :3] = np.where(change != 0, colours.clip(0, 255), pixels[..., :3])
        return pillow.fromarray(pixels)
    grey = change @ GREY
    if own.mode in ("L", "LA"):
        pixels = np.array(own)
        plane = pixels if own.mode == "L" else pixels[..., 0]
        plane[...] = np.rint(plane + grey).clip(0, 255)
        return pillow.fromarray(pixels, own.mode)
    if own.mode.startswith("I"):
        deep = np.rint(np.asarray(own, np.float64) + grey * 257).clip(0, 65535)
        return pillow.fromarray(deep.astype(np.uint16))
    return after.copy()
