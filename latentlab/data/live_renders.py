"""The face world as training data: rendered as it is asked for, or packed in parts that a training reads while more come.

    OMP_NUM_THREADS=1 nice -n 19 python -m latentlab.data.live_renders --out PACKS --size 64 --count 30000

writes PACKS/renders-00000000.npy and so on, a thousand faces each, and goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.errors import BadInput
from latentlab.core.image import to_pixels
from latentlab.core.watch import Watch, on_stderr, silent
from latentlab.data.packed import pack
from latentlab.world.laws import draw_faces
from latentlab.world.render import Renderer, load_renderer

PART = 1000
CHUNK = 25


@dataclass(frozen=True, eq=False)
class LiveRenders:
    """A training source without end: sample k is face k of the seed, rendered on the device that trains."""

    size: int
    seed: int = 1
    law: str = "natural"
    device: str = "cpu"
    face_model: str | None = None
    chunk: int = 32
    """Faces rendered at once."""
    fresh: int = 0
    """Show the first so many faces over and over; 0 never shows one twice."""
    _renderer: list[Renderer] = field(default_factory=list, repr=False)

    @property
    def fingerprint(self) -> str:
        """What the pictures follow from."""
        return f"renders {self.law} seed {self.seed}"

    def __call__(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """{"images": [n 3 size size] in [-1, 1]}"""
        if not self._renderer:
            self._renderer.append(load_renderer(self.face_model, self.device))
        numbers = [number % self.fresh for number in numbers] if self.fresh else list(numbers)
        faces = [
            face for start, count in _runs(numbers) for face in draw_faces(count, self.law, self.seed, start)
        ]
        parts = [
            self._renderer[0].render(faces[i : i + self.chunk], self.size).images
            for i in range(0, len(faces), self.chunk)
        ]
        return {"images": torch.cat(parts)}


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches of consecutive numbers: (first, how many)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][0] + runs[-1][1] == number:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def pack_renders(
    out: Path,
    size: int,
    count: int,
    seed: int = 1,
    law: str = "natural",
    face_model: str | None = None,
    watch: Watch = silent,
) -> list[Path]:
    """Render faces 0 to count into packed parts; parts that are there already stay."""
    if count < 1:
        raise BadInput(f"{count} renders make no data; ask for at least one")
    source = LiveRenders(size, seed, law, face_model=face_model)
    paths = []
    for start in range(0, count, PART):
        path = Path(out) / f"renders-{start:08d}.npy"
        paths.append(path)
        if path.exists():
            continue
        many = min(PART, count - start)
        pack(_bytes(source, start, many), many, size, path)
        watch((start + many) / count, f"{start + many} renders")
    return paths


def _bytes(source: LiveRenders, start: int, count: int) -> Iterator[Tensor]:
    for first in range(start, start + count, CHUNK):
        images = source(range(first, min(first + CHUNK, start + count)))["images"]
        yield from to_pixels(images).permute(0, 3, 1, 2)


def main(arguments: list[str] | None = None) -> None:
    """`python -m latentlab.data.live_renders`."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--law", default="natural")
    parser.add_argument("--face-model")
    given = parser.parse_args(arguments)
    pack_renders(**vars(given), watch=on_stderr)


if __name__ == "__main__":
    main()
