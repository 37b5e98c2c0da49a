"""Clips to be edited: a still under a moving window, a rendered person whose every frame has a true answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from subjects import HELD_OUT_SEED

from latentlab.studio.parts import draw_faces, feeding, load_renderer, open_clip, read_frames

RATE = 24
Frames = list[np.ndarray]
"""uint8 [h w 3] each."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A clip, and what it should become where that is known."""

    name: str
    frames: Frames
    truth: dict[str, Frames]


def moving_still(count: int) -> Subject:
    """scikit-image's portrait (NASA, public domain) under a moving, turning, zooming window."""
    import skimage.data

    picture = Image.fromarray(skimage.data.astronaut())
    return Subject(
        "moving still",
        [_window(picture, place / count, 1.9, (224, 115), (480, 360)) for place in range(count)],
        {},
    )


def _window(
    picture: Image.Image, share: float, zoom: float, middle: tuple[float, float], size: tuple[int, int]
) -> np.ndarray:
    turn = 2 * math.pi * share
    zoom *= 1 + 0.08 * math.sin(turn)
    x, y = middle[0] + 22 * math.sin(turn), middle[1] + 10 * math.sin(2 * turn)
    angle = math.radians(4 * math.sin(turn + 1))
    c, s = math.cos(angle) / zoom, math.sin(angle) / zoom
    matrix = (c, -s, x - (c * size[0] - s * size[1]) / 2, s, c, y - (s * size[0] + c * size[1]) / 2)
    return np.asarray(picture.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


def rendered(count: int) -> Subject:
    """A held-out person who turns, smiles, speaks and blinks; and the same, frame by frame, after each edit."""
    renderer = load_renderer()
    people = draw_faces(40, "natural", HELD_OUT_SEED, 0)
    person = next(
        p
        for p in people
        if 25 <= p.age <= 45 and p.glasses == "none" and p.smile < 0.2 and p.beard_style == "none"
    )
    states = []
    for place in range(count):
        turn = 2 * math.pi * place / count
        states.append(
            replace(
                person, yaw=14 * math.sin(turn), pitch=4 * math.sin(2 * turn), roll=3 * math.sin(turn + 1),
                smile=0.15 + 0.15 * math.sin(turn), mouth_open=0.08 + 0.08 * math.sin(3 * turn),
                blink=max(0.0, math.cos(2 * turn)) ** 12 * 0.8,
            )
        )  # fmt: skip
    changes: dict[str, Callable] = {
        "age=2": lambda face: replace(face, age=face.age + 20),
        "smile=2": lambda face: replace(face, smile=min(1.0, face.smile + 0.5)),
        "frontalize": lambda face: replace(face, yaw=0.0, pitch=0.0),
    }

    def film(faces: list) -> Frames:
        pictures = []
        for place, face in enumerate(faces):
            image = renderer.render([face], 256).images[0]
            pixels = ((image.permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte().numpy()
            wide = np.pad(pixels, ((64, 64), (64, 64), (0, 0)), mode="reflect")
            pictures.append(_window(Image.fromarray(wide), place / count, 1.2, (192, 192), (360, 360)))
        return pictures

    return Subject(
        "rendered",
        film(states),
        {name: film([change(f) for f in states]) for name, change in changes.items()},
    )


def save(frames: Frames, path: Path) -> Path:
    """Nearly lossless, so that the clip's own flicker is the pictures'."""
    height, width, _ = frames[0].shape
    words = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE), "-i", "-"]
    words += ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv420p", "-f", "mp4", str(path)]
    with feeding(words) as stream:
        for frame in frames:
            stream.write(np.ascontiguousarray(frame).tobytes())
    return path


def load(path: Path) -> Frames:
    """The frames of a clip."""
    return [np.asarray(frame.picture()) for frame in read_frames(open_clip(path))]
