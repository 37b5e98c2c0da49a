"""Frames to a gif or an mp4."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from torch import Tensor

from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic
from latentlab.core.image import to_pixels

KINDS = (".gif", ".mp4")


def save_movie(frames: Iterable[Tensor], path: Path | str, frames_per_second: float = 12.0) -> Path:
    """Write pictures [3 h w] or [1 3 h w] in [-1, 1], one after the other; the file appears whole."""
    import imageio.v2 as imageio

    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise BadFile(
            f"cannot write {path}: a sweep in motion is written as .gif or .mp4, not '{path.suffix}'"
        )
    if not 0 < frames_per_second <= 240:
        raise BadInput(f"{frames_per_second} frames a second are out of range; give 1 to 240")
    pixels = [to_pixels(frame.reshape(1, *frame.shape[-3:]))[0].numpy() for frame in frames]
    if not pixels:
        raise BadInput("there are no frames to write")
    with atomic(path) as temporary:
        if path.suffix.lower() == ".gif":
            imageio.mimsave(temporary, pixels, format="GIF", duration=1000 / frames_per_second, loop=0)
        else:
            even = [_even(frame) for frame in pixels]
            imageio.mimsave(
                temporary, even, format="FFMPEG", fps=frames_per_second, macro_block_size=1, quality=8
            )
    return path


def _even(frame: np.ndarray) -> np.ndarray:
    """Video needs even sides: the last row or column is doubled where it does not have them."""
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def there_and_back(frames: list[Tensor]) -> list[Tensor]:
    """So that a loop has no jump."""
    return frames + frames[-2:0:-1]
