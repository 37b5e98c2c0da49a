"""Who is in a clip: for every person the frames in which the face was seen and where; unbroken runs, and gaps bridged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.errors import BadInput, LatentLabError, NoFace
from latentlab.faces.align import frame
from latentlab.faces.steady import steady_crops
from latentlab.store.archive import Archive

KIND = "clip survey"
FORM = 1
BRIDGE = 8
"""Frames without a detection that are bridged: a blink of the detector, not a face that went away."""
SMALLEST, LARGEST = 256, 1024
"""Sides of the square in which a face is edited."""


@dataclass(frozen=True, eq=False)
class Person:
    """One face through the clip."""

    frames: Tensor
    """int64 [n], growing."""
    points: Tensor
    """The landmarks there [n 68 2], in the frame's pixels."""
    scores: Tensor
    """How sure the detector was [n]."""

    def square(self, most: int) -> int:
        """The side of the square: that of the face in the middle of the clip, in steps of 8, at most `most` pixels."""
        sides = 2 * frame(self.points.double()).across.norm(dim=1)
        return int(max(SMALLEST, min(most, LARGEST, 8 * round(float(sides.median()) / 8))))

    def runs(self, cuts: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Unbroken runs of frames [n] and landmarks [n 68 2], no cut of the film inside; small gaps are filled evenly."""
        found: list[tuple[Tensor, Tensor]] = []
        begins = 0
        for place in range(1, len(self.frames) + 1):
            if place == len(self.frames) or self._breaks(place, cuts):
                found.append(_filled(self.frames[begins:place], self.points[begins:place]))
                begins = place
        return found

    def _breaks(self, place: int, cuts: Sequence[int]) -> bool:
        before, after = int(self.frames[place - 1]), int(self.frames[place])
        return after - before > BRIDGE + 1 or any(before < cut <= after for cut in cuts)


def _filled(frames: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    every = torch.arange(int(frames[0]), int(frames[-1]) + 1)
    after = torch.searchsorted(frames, every).clamp(0, len(frames) - 1)
    before = (after - (frames[after] != every).long()).clamp_min(0)
    span = (frames[after] - frames[before]).clamp_min(1)
    share = ((every - frames[before]) / span)[:, None, None].to(points)
    return every, torch.lerp(points[before], points[after], share)


@dataclass(frozen=True, eq=False)
class Survey:
    """All that was seen in a clip."""

    people: tuple[Person, ...]
    """From the left, as they stand in the first frame that shows the most of them."""
    cuts: tuple[int, ...]
    """First frames of new scenes."""

    def choose(self, number: int | None, name: str) -> Person:
        """The only person, or that of a number from the left; NoFace or BadInput else."""
        count = len(self.people)
        if not count:
            raise NoFace(f"found no face in any frame of {name}; a face should be at least 40 pixels wide")
        if number is None and count > 1:
            raise BadInput(
                f"found {count} people in {name}; choose one with `face` 1..{count}, counted from the left"
            )
        if not 1 <= (number or 1) <= count:
            seen = "one person" if count == 1 else f"{count} people"
            raise BadInput(f"found {seen} in {name}, so there is no face {number}; choose `face` 1..{count}")
        return self.people[(number or 1) - 1]

    def save(self, path: Path, digest: str) -> None:
        """Keep it beside the clip's parts: looking at every frame takes a while."""
        tensors = {"cuts": torch.tensor(self.cuts, dtype=torch.int64)}
        for number, person in enumerate(self.people):
            tensors |= {
                f"{number}.frames": person.frames, f"{number}.points": person.points, f"{number}.scores": person.scores,
            }  # fmt: skip
        Archive(KIND, tensors, {"form": FORM, "clip": digest, "people": len(self.people)}).save(path)


def load_survey(path: Path, digest: str) -> Survey | None:
    """What was kept of this very clip; None where nothing was, or not in today's form."""
    try:
        archive = Archive.load(path, KIND, finite=True)
        if archive.story.get("form") != FORM or archive.story.get("clip") != digest:
            return None
        people = [
            Person(*(archive.tensors[f"{number}.{part}"] for part in ("frames", "points", "scores")))
            for number in range(int(str(archive.story["people"])))
        ]
        return Survey(tuple(people), tuple(archive.tensors["cuts"].tolist()))
    except (LatentLabError, KeyError, ValueError):
        return None


def squares(
    person: Person, cuts: Sequence[int], size: tuple[int, int], side: int
) -> list[tuple[list[int], list[Crop]]]:
    """Frames and steady squares of every run of a person."""
    return [(every.tolist(), steady_crops(points, size, side)) for every, points in person.runs(cuts)]
