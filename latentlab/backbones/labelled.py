"""Renders with their truth, in blocks on disk that survive any interruption: what scorers are taught with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from latentlab.backbones.scorer import Labelled
from latentlab.core.engine import run_blocks
from latentlab.core.errors import BadFile, BadInput
from latentlab.core.files import atomic, make_folder
from latentlab.core.image import to_pixels
from latentlab.core.locks import in_turn
from latentlab.core.ranges import Between, Count, Pixels, check
from latentlab.core.shapes import Images
from latentlab.core.watch import Watch, silent
from latentlab.scorers.targets import targets_of
from latentlab.world.factors import Face, flatten, identity_factors, unflatten
from latentlab.world.laws import draw_faces
from latentlab.world.render import load_renderer

BLOCK = 250
AGE_REACH = 10.0
"""Years by which a person's age may differ between two pictures."""
YAW_REACH = 35.0


@dataclass(frozen=True)
class FaceSet:
    """Which faces, at which size; block b is always the same faces, whoever renders it."""

    n: Count
    seed: Annotated[int, Between(0, 2**62)]
    size: Pixels = 96
    law: str = "factorial"
    views: Annotated[int, Between(0, 250)] = 0
    """0: n different people. Else n / views people, each seen so often with other looks, light, pose and age."""
    style: str = "photo"
    """photo or toon."""
    samples: Annotated[int, Between(0, 8)] = 0
    """Sub-pixels per side and pixel; 0 leaves it to the renderer."""

    def __post_init__(self) -> None:
        check(self)
        if self.n < 1 or (self.views and (self.n % self.views or BLOCK % self.views)):
            raise BadInput(
                f"{self.n} pictures with {self.views} views each cannot be dealt into blocks of {BLOCK}"
            )

    @property
    def blocks(self) -> int:
        """Blocks of `BLOCK` pictures, the last one whole."""
        return -(-self.n // BLOCK)

    def faces(self, block: int) -> list[Face]:
        """The records of one block."""
        if not self.views:
            return draw_faces(BLOCK, self.law, self.seed, block * BLOCK)
        first = block * BLOCK // self.views
        return [face for person in range(first, first + BLOCK // self.views) for face in self._person(person)]

    def _person(self, number: int) -> list[Face]:
        """One person's pictures: identity from one draw, everything else from others."""
        (me,) = draw_faces(1, self.law, self.seed, number)
        chance = np.random.RandomState(number)
        same = {name: getattr(me, name) for name in identity_factors()}
        return [
            replace(
                other,
                **same,
                age=float(np.clip(me.age + chance.uniform(-AGE_REACH, AGE_REACH), 15, 85)),
                yaw=float(np.clip(other.yaw, -YAW_REACH, YAW_REACH)),
            )
            for other in draw_faces(self.views, self.law, self.seed + 1, number * self.views)
        ]


@dataclass(frozen=True, eq=False)
class Filler:
    """Renders one block and writes it."""

    faces: FaceSet
    folder: Path
    face_model: str | None = None

    @cached_property
    def renderer(self) -> Any:
        return load_renderer(self.face_model)

    def _draw(self, faces: list[Face]) -> Images:
        known = self.faces
        return self.renderer.render(faces, known.size, style=known.style, samples=known.samples).images

    def __call__(self, block: int) -> int:
        faces = self.faces.faces(block)
        pixels = [to_pixels(self._draw(faces[i : i + 10])) for i in range(0, BLOCK, 10)]
        people = np.arange(BLOCK) // max(self.faces.views, 1) + block * BLOCK // max(self.faces.views, 1)
        with atomic(path_of(self.folder, block), own=True) as temporary, open(temporary, "wb") as file:
            np.savez(file, px=torch.cat(pixels).numpy(), fa=flatten(faces).numpy(), who=people)
        return block


def path_of(folder: Path, block: int) -> Path:
    """The file of one block."""
    return folder / f"{block:05d}.npz"


def labelled(
    faces: FaceSet,
    folder: Path | str,
    face_model: str | None = None,
    engine: str = "local",
    watch: Watch = silent,
) -> Labelled:
    """Render what is missing, then read it all: pixels with target scores, or with person numbers if `views` is set."""
    folder = make_folder(folder)
    if not all(path_of(folder, block).exists() for block in range(faces.blocks)):
        with in_turn(folder, f"the data set {folder}"):
            missing = [block for block in range(faces.blocks) if not path_of(folder, block).exists()]
            for done, _ in enumerate(run_blocks(Filler(faces, folder, face_model), missing, engine), start=1):
                watch(done / len(missing), f"{done * BLOCK:,} of {len(missing) * BLOCK:,} faces rendered")
    parts = [_read(path_of(folder, block), people=bool(faces.views)) for block in range(faces.blocks)]
    pixels, values = (torch.cat(column)[: faces.n] for column in zip(*parts, strict=True))
    if pixels.shape[1] != faces.size:
        raise BadInput(
            f"{folder} holds pictures of {pixels.shape[1]} pixels, {faces.size} are asked for; choose another folder"
        )
    return Labelled(pixels, values)


def _read(path: Path, *, people: bool) -> tuple[Tensor, Tensor]:
    try:
        with np.load(path) as arrays:
            pixels = torch.from_numpy(arrays["px"])
            values = (
                torch.from_numpy(arrays["who"])
                if people
                else targets_of(unflatten(torch.from_numpy(arrays["fa"])))
            )
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise BadFile(f"{path} is damaged ({error}); delete it, it will be rendered again") from None
    return pixels, values
