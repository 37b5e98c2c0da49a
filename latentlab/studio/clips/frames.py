"""Frames as they are decoded: three planes, of which only the part around a face becomes colours and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from latentlab.core.crop import Box
from latentlab.core.errors import BadFile
from latentlab.studio.clips.clip import VIDEO, Clip, Colours
from latentlab.studio.clips.ffmpeg import reading, source

if TYPE_CHECKING:
    from PIL.Image import Image

LUMA = {"bt709": (0.2126, 0.0722), "gbr": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}
"""Shares of red and blue in the light; all other spaces have those of BT.601."""
OLD = (0.299, 0.114)


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame, 4:2:0 at 8 bits."""

    number: int
    light: np.ndarray
    """uint8 [h w]."""
    blue: np.ndarray
    """uint8 [h/2 w/2]."""
    red: np.ndarray
    colours: Colours

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.light.shape[1], self.light.shape[0]

    def grey(self) -> Image:
        """The light alone as an RGB picture: enough for a detector."""
        from PIL import Image as pillow

        plane = pillow.fromarray(self.light)
        return pillow.merge("RGB", (plane, plane, plane))

    def picture(self, box: Box | None = None) -> Image:
        """The colours of a part, whose corners are even; of the whole frame without one."""
        from PIL import Image as pillow

        left, top, right, bottom = box or (0, 0, *self.size)
        half = (slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2))
        light = (self.light[top:bottom, left:right].astype(np.float32) - self._black) / self._reach[0]
        size = (light.shape[1], light.shape[0])
        blue, red = (
            (
                np.asarray(pillow.fromarray(plane[half]).resize(size, pillow.Resampling.BILINEAR), np.float32)
                - 128
            )
            / self._reach[1]
            for plane in (self.blue, self.red)
        )
        share_red, share_blue = self._shares
        r = light + 2 * (1 - share_red) * red
        b = light + 2 * (1 - share_blue) * blue
        g = (light - share_red * r - share_blue * b) / (1 - share_red - share_blue)
        pixels = np.stack([r, g, b], -1)
        return pillow.fromarray((pixels * 255 + 0.5).clip(0, 255).astype(np.uint8))

    def changed(self, box: Box, before: Image, after: Image) -> Frame:
        """The same frame with the change from one picture of a part to another; all other samples are untouched."""
        left, top, right, bottom = box
        change = (np.asarray(after, np.float32) - np.asarray(before, np.float32)) / 255
        share_red, share_blue = self._shares
        light = change @ np.array([share_red, 1 - share_red - share_blue, share_blue], np.float32)
        blue = _halved(change[..., 2] - light) / (2 * (1 - share_blue))
        red = _halved(change[..., 0] - light) / (2 * (1 - share_red))
        half = (left // 2, top // 2, (right + 1) // 2, (bottom + 1) // 2)
        return replace(
            self,
            light=_added(self.light, box, light * self._reach[0]),
            blue=_added(self.blue, half, blue * self._reach[1]),
            red=_added(self.red, half, red * self._reach[1]),
        )

    def data(self) -> bytes:
        """As an encoder takes it."""
        return b"".join(np.ascontiguousarray(plane).tobytes() for plane in (self.light, self.blue, self.red))

    @property
    def _shares(self) -> tuple[float, float]:
        return LUMA.get(self.colours.space, OLD)

    @property
    def _black(self) -> float:
        return 0.0 if self.colours.full else 16.0

    @property
    def _reach(self) -> tuple[float, float]:
        """Steps from black to white, and of a colour difference of 1."""
        return (255.0, 255.0) if self.colours.full else (219.0, 224.0)


def _added(plane: np.ndarray, box: Box, change: np.ndarray) -> np.ndarray:
    """A plane with a change in a part of it."""
    left, top, right, bottom = box
    made = plane.copy()
    part = made[top:bottom, left:right]
    part[...] = np.rint(part + change).clip(0, 255)
    return made


def _halved(plane: np.ndarray) -> np.ndarray:
    """Means of squares of two by two."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean((1, 3))


def read_frames(clip: Clip, first: int = 0, end: int | None = None) -> Iterator[Frame]:
    """The frames one after another, upright; those before `first` are decoded and let go."""
    width, height = clip.size
    half = ((height + 1) // 2, (width + 1) // 2)
    length = width * height + 2 * half[0] * half[1]
    words = [*source(clip.path), "-map", VIDEO, "-vf", clip.filters, "-fps_mode", "passthrough"]
    with reading([*words, "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]) as stream:
        for number in range(min(end or len(clip.times), len(clip.times))):
            data = stream.read(length)
            if len(data) < length:
                raise BadFile(f"{clip.path} ends sooner than a moment ago; was it changed? edit it again")
            if number < first:
                continue
            flat = np.frombuffer(data, np.uint8)
            light, blue, red = np.split(flat, [width * height, width * height + half[0] * half[1]])
            yield Frame(
                number, light.reshape(height, width), blue.reshape(half), red.reshape(half), clip.colours
            )
