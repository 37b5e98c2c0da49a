"""Picture files in other numbers of channels than three: grey, grey with alpha, RGBA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.core.errors import BadInput
from latentlab.core.image import load_picture

if TYPE_CHECKING:
    from PIL.Image import Image

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's word for so many channels."""


def load_channels(path: Path | str, channels: int) -> Image:
    """A picture file, upright, with so many channels; alpha is the file's own, opaque where it has none.

    Raises:
        BadFile: no picture.
        BadInput: a number of channels that no picture file has.
    """
    from PIL import Image as pillow
    from PIL import ImageOps

    if channels not in MODES:
        raise BadInput(
            f"no picture file has {channels} channels; pack such images as bytes [n, {channels}, h, w] (.npy)"
        )
    picture = load_picture(path)  # whatever is wrong with the file is said there
    if channels in (1, 3):
        return picture.convert(MODES[channels])
    with pillow.open(path) as found:
        return ImageOps.exif_transpose(found).convert("RGBA").convert(MODES[channels])
