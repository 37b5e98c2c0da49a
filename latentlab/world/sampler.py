"""Endless batches of fresh renders for training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.shapes import Images
from latentlab.world.factors import Face, flatten
from latentlab.world.laws import draw_faces
from latentlab.world.render import Renderer, Rendering, load_renderer


@dataclass(frozen=True, eq=False)
class Batch:
    """Renders and what they show."""

    images: Images
    """[n, 3, size, size] in [-1, 1]."""
    faces: list[Face]
    """The records."""
    factors: Tensor
    """The records as numbers, [n, f] in the order of `flat_names()`."""
    rendering: Rendering
    """Landmarks, masks, depth, normals and coefficients."""


def sample(
    n: int, seed: int = 0, size: int = 256, law: str = "natural", *, start: int = 0, style: str = "photo",
    renderer: Renderer | None = None, face_model: str | Path | None = None, device: torch.device | str = "cpu",
) -> tuple[Images, list[Face]]:  # fmt: skip
    """Pictures and records of faces number start to start + n of a seed."""
    faces = draw_faces(n, law, seed, start)
    renderer = renderer or load_renderer(face_model, device)
    return renderer.render(faces, size, style=style).images, faces


def iterate(
    batch: int, seed: int = 0, size: int = 256, law: str = "natural", *, start: int = 0, style: str = "photo",
    renderer: Renderer | None = None, face_model: str | Path | None = None, device: torch.device | str = "cpu",
) -> Iterator[Batch]:  # fmt: skip
    """Batches without end: faces start, start + 1, ... of a seed, whatever the batch size."""
    renderer = renderer or load_renderer(face_model, device)
    while True:
        faces = draw_faces(batch, law, seed, start)
        rendering = renderer.render(faces, size, style=style)
        yield Batch(rendering.images, faces, flatten(faces).to(rendering.images.device), rendering)
        start += batch
