"""Who is measured: held-out renders and their true counterfactuals, held-out photographs, and neutral/smiling pairs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from latentlab.core.errors import LatentLabError, MissingPart
from latentlab.core.image import load_image
from latentlab.core.shapes import Images
from latentlab.studio.parts import is_held_out

HELD_OUT_SEED = 990_001
"""No training, no bank and no setting uses faces of this seed."""
SIZE = 256


@dataclass(frozen=True, eq=False)
class Subjects:
    """Aligned faces [n 3 256 256] and what they are called."""

    images: Images
    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Who could not be used, with the reason."""


def renders(count: int, size: int = SIZE, change: Callable | None = None, start: int = 0) -> Subjects:
    """Renders `start` to `start + count` of the held-out seed; `change` maps each record to its counterfactual."""
    from latentlab.studio.parts import draw_faces, load_renderer

    faces = draw_faces(count, "natural", HELD_OUT_SEED, start)
    faces = [change(face) for face in faces] if change else faces
    renderer = load_renderer()
    images = [renderer.render(faces[i : i + 8], size).images for i in range(0, count, 8)]
    return Subjects(torch.cat(images), tuple(f"render {i}" for i in range(start, start + count)))


def young(count: int, oldest: float) -> list[int]:
    """Numbers of the first `count` held-out faces of at most this age, so that their older selves can be rendered."""
    from latentlab.studio.parts import draw_faces

    drawn = draw_faces(6 * count + 20, "natural", HELD_OUT_SEED, 0)
    return [i for i, face in enumerate(drawn) if face.age <= oldest][:count]


def chosen_renders(numbers: list[int], size: int = SIZE, change: Callable | None = None) -> Subjects:
    """The held-out renders with these numbers."""
    from latentlab.studio.parts import draw_faces, load_renderer

    faces = [draw_faces(1, "natural", HELD_OUT_SEED, number)[0] for number in numbers]
    faces = [change(face) for face in faces] if change else faces
    renderer = load_renderer()
    images = [renderer.render(faces[i : i + 8], size).images for i in range(0, len(faces), 8)]
    return Subjects(torch.cat(images), tuple(f"render {number}" for number in numbers))


def data_folder() -> Path:
    """Where photos/ and portraits/ lie."""
    root = os.environ.get("LATENTLAB_TEST_DATA")
    if not root:
        raise MissingPart(
            "the photographs are not part of the project; set LATENTLAB_TEST_DATA to the folder that has photos/"
        )
    return Path(root)


def photographs(limit: int | None = None, size: int = SIZE) -> Subjects:
    """The unaligned photographs, aligned here; every person in them is held out from all training."""
    from latentlab.studio.parts import face_in_photo

    images, names, left_out = [], [], []
    for path in sorted((data_folder() / "photos").glob("*.jpg"))[:limit]:
        assert is_held_out(path.name), path.name
        try:
            images.append(face_in_photo(path, size).image)
            names.append(path.stem)
        except LatentLabError as error:
            left_out.append(f"{path.name}: {error}")
    return Subjects(torch.cat(images), tuple(names), tuple(left_out))


def smiling_pairs(limit: int | None = None) -> tuple[Subjects, Subjects]:
    """Held-out volunteers, neutral and smiling, aligned as they come: two pictures of each person."""
    folder = data_folder() / "portraits" / "images"
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("webmorph_*_front_*")):
        match = re.match(r"webmorph_(neutral|smiling)_front_(\d+)_", path.name)
        if match and is_held_out(path.name):
            found.setdefault(match[2], {})[match[1]] = path
    pairs = [pair for _, pair in sorted(found.items()) if len(pair) == 2][:limit]
    sides = []
    for side in ("neutral", "smiling"):
        paths = [pair[side] for pair in pairs]
        sides.append(
            Subjects(
                torch.cat([load_image(path, SIZE) for path in paths]), tuple(path.stem for path in paths)
            )
        )
    return sides[0], sides[1]


def astronaut(size: int = SIZE) -> Subjects:
    """The portrait that scikit-image ships (NASA, public domain)."""
    import skimage.data
    from PIL import Image

    from latentlab.studio.parts import face_in_photo

    return Subjects(face_in_photo(Image.fromarray(skimage.data.astronaut()), size).image, ("astronaut",))
