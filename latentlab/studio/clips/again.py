"""A clip made again from the recipe in it, beside the one that is there; the recipe is untrusted."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.core.errors import BadFile
from latentlab.core.files import atomic
from latentlab.studio.clips.clip import open_clip
from latentlab.studio.clips.edit_clip import EditClip
from latentlab.studio.clips.frames import Frame, read_frames
from latentlab.studio.clips.jobs import JOBS
from latentlab.studio.clips.opening import open_clip_edit
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.photo_story import find_input
from latentlab.studio.recipes.data import from_data
from latentlab.studio.recipes.fields import field_of
from latentlab.studio.recipes.ingredients import Ingredients


@dataclass(frozen=True, eq=False)
class ClipAgain:
    """A clip that was made again and lies in the lab until it is saved."""

    path: Path
    name: str
    """Without its ending."""

    @property
    def ending(self) -> str:
        return self.path.suffix

    def save(self, path: Path | str) -> Path:
        """Put it where it is wanted."""
        with atomic(path) as temporary:
            shutil.copyfile(self.path, temporary)
        self.path.unlink(missing_ok=True)
        return Path(path)

    def apart(self, there: Path) -> int:
        """Largest difference of a sample to another clip of the same size and length, 0 to 255."""
        clips = open_clip(there), open_clip(self.path)
        if clips[0].size != clips[1].size or clips[0].times != clips[1].times:
            raise BadFile(
                f"{there} has other frames than its recipe makes: it was cut or scaled after it was made"
            )
        pairs = zip_longest(*(read_frames(clip) for clip in clips))
        return max(
            max(_apart(one, other) for one, other in zip(*map(_planes, pair), strict=True)) for pair in pairs
        )


def _planes(frame: Frame) -> Sequence[np.ndarray]:
    return frame.light, frame.blue, frame.red


def _apart(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max())


def film_again(
    studio: Lab, path: Path, asked: Mapping[str, object], given: Ingredients, digest: object
) -> ClipAgain:
    """The clip of a recipe, found among the user's files by its hash, edited once more."""
    job = field_of(asked, "job", str)
    request: Any = from_data(JOBS[job].asks, field_of(asked, "request", dict))
    face = field_of(asked, "face", int, None)
    source = find_input(studio, digest, "clip", given.files)
    opened = open_clip_edit(studio, source, EditClip(request, face), given=given)
    return ClipAgain(opened.film(opened.folder / f"again{path.suffix.lower()}"), path.stem)
