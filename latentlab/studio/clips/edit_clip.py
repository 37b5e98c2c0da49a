"""Clips edited from end to end: `studio.edit_clip("clip.mp4", {"age": 2}, out="older.mp4")`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentlab.core.crop import Crop
from latentlab.core.exposure import USUAL_EXPOSURE, Exposure
from latentlab.core.face import Face, Photo
from latentlab.core.files import make_folder
from latentlab.core.latent import Latent, Space
from latentlab.core.locks import held
from latentlab.core.ranges import FaceNumber, check
from latentlab.core.watch import Watch
from latentlab.faces.mask import square_mask
from latentlab.faces.paste import paste_back
from latentlab.store.home import safe_name
from latentlab.studio.clips.clip import Clip
from latentlab.studio.clips.frames import Frame, read_frames
from latentlab.studio.clips.jobs import ClipJob
from latentlab.studio.clips.latents import (
    Runs,
)
from latentlab.studio.clips.marks import Marks
from latentlab.studio.clips.people import Person
from latentlab.studio.clips.segments import Parts, check_out
from latentlab.studio.clips.shots import Shot, shot
from latentlab.studio.lab import Lab
from latentlab.studio.portraits.photo_story import exposure_note

FADE = 4
"""Frames in which an edit comes and goes where a face appears or is lost in the middle of a scene."""
BATCH = 8


@dataclass(frozen=True)
class EditClip:
    """What is to be done to a clip: the request of a still, and to whom."""

    request: Any
    """Whatever has a job in `clips.jobs`: an `Edit`, a `Makeup`."""
    face: FaceNumber | None = None
    """Whose face, where several people are seen: 1 is the leftmost in the first frame that shows the most of them."""

    def __post_init__(self) -> None:
        check(self)


@dataclass(eq=False)
class OpenClip:
    """A clip that has been looked through and whose edit is known to be possible."""

    studio: Lab
    clip: Clip
    request: EditClip
    person: Person
    runs: Runs
    latents: Tensor
    """A steady W+ for every frame of every run."""
    job: ClipJob
    recipe: Mapping[str, object]
    folder: Path
    """Where the lab keeps what it knows of the clip."""
    cuts: Sequence[int] = ()
    """First frames of new scenes."""
    exposure: Exposure = USUAL_EXPOSURE
    """In which the clip was inverted."""
    sound: str = ""
    """What became of the sound, where it did not stay as it was."""

    @property
    def name(self) -> str:
        """Of the file, without its ending."""
        return f"{safe_name(self.clip.path.name)}_{self.job.label}"

    @property
    def count(self) -> int:
        """Frames of the clip."""
        return len(self.clip.times)

    @property
    def edited(self) -> int:
        """Frames that show the face; the others are kept as they are."""
        return len(self.latents)

    def notes(self) -> list[str]:
        """What the user should know, one line each."""
        lines = [*self.clip.notes, *exposure_note(self.exposure), *self.job.notes()]
        if self.edited < self.count:
            lines.append(
                f"{self.count - self.edited} of {self.count} frames do not show this face and are kept as they are"
            )
        return [*lines, self.sound] if self.sound else lines

    def film(self, out: Path, watch: Watch | None = None) -> Path:
        """Write the clip; what an earlier run finished is kept, and an interruption loses a second's work at most."""
        out = check_out(Path(out))
        parts = Parts(self.clip, make_folder(self.folder / f"parts-{self._key}"))
        tell = self.studio.tell(watch)
        with held(parts.folder, f"the clip {self.clip.path}"):
            try:
                self._fill(parts, tell)
            except KeyboardInterrupt:
                kept = parts.numbers(parts.finished()).start
                raise KeyboardInterrupt(
                    f"{kept} of {self.count} frames are kept; the same command goes on"
                ) from None
            self.sound = parts.join(out, Marks(self.recipe))
        parts.drop()
        return out

    @property
    def _key(self) -> str:
        """Of the parts: everything that decides what a frame shows."""
        told = {name: value for name, value in self.recipe.items() if name != "made"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def _fill(self, parts: Parts, tell: Watch) -> None:
        first = parts.finished()
        frames = self._told(parts.numbers(first).start, tell)
        for number in range(first, parts.count):
            parts.write(number, frames)

    def _told(self, first: int, tell: Watch) -> Iterator[Frame]:
        for frame in self.frames(first):
            tell((frame.number + 1) / self.count, f"frame {frame.number + 1} of {self.count}")
            yield frame

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """The edited frames, from one on."""
        places = self._places()
        waiting: list[Frame] = []
        for frame in read_frames(self.clip, first):
            waiting.append(frame)
            if len(waiting) == BATCH or frame.number + 1 == len(self.clip.times):
                yield from self._edited(waiting, places)
                waiting = []
        yield from self._edited(waiting, places)

    def _places(self) -> dict[int, tuple[int, Crop, float]]:
        """By frame: the row of its latent, its square, and how much of the edit shows."""
        found, row = {}, 0
        for every, crops in self.runs:
            shares = _shares(every, len(self.clip.times), set(self.cuts))
            for number, crop, share in zip(every, crops, shares, strict=True):
                found[number] = (row, crop, share)
                row += 1
        return found

    def _edited(self, frames: Sequence[Frame], places: Mapping[int, tuple[int, Crop, float]]) -> list[Frame]:
        mine = [frame for frame in frames if frame.number in places]
        shots = [shot(frame, places[frame.number][1]) for frame in mine]
        rows = [places[frame.number][0] for frame in mine]
        faces = faces_of(self.studio, self.latents[rows], shots, self.exposure) if mine else []
        total = max(1, len(self.clip.times) - 1)
        drawn = self.job.draw(faces, [frame.number / total for frame in mine]) if mine else []
        made = {
            frame.number: _returned(one, face, image, places[frame.number][2])
            for frame, one, face, image in zip(mine, shots, faces, drawn, strict=True)
        }
        return [made.get(frame.number, frame) for frame in frames]


def _shares(every: Sequence[int], total: int, cuts: set[int]) -> list[float]:
    """1, but rising and falling where a run begins or ends within a scene."""
    begins = every[0] == 0 or every[0] in cuts
    ends = every[-1] == total - 1 or every[-1] + 1 in cuts
    count = len(every)
    up = [1.0 if begins else (place + 1) / (FADE + 1) for place in range(count)]
    down = [1.0 if ends else (count - place) / (FADE + 1) for place in range(count)]
    return [min(1.0, a, b) for a, b in zip(up, down, strict=True)]


def faces_of(studio: Lab, values: Tensor, shots: Sequence[Shot], exposure: Exposure) -> list[Face]:
    """The faces of frames, in memory: their latents, what the network makes of them, and where they were seen."""
    generator = studio.generator
    with torch.no_grad():
        latent = Latent(Space.W_PLUS, values.to(studio.place))
        images = generator.render(latent)
    return [
        Face(
            f"frame{one.frame.number}", latent[row], images[row : row + 1], model=generator.hash,
            photo=Photo(one.face, None, one.crop),
            origin={} if exposure.usual else {"exposure": [exposure.gain, exposure.exponent]},
        )
        for row, one in enumerate(shots)
    ]  # fmt: skip


def _returned(one: Shot, face: Face, image: Tensor, share: float) -> Frame:
    """The frame with its own pixels moved and tinted; the square fades at its border."""
    assert face.photo is not None, "made with one"
    original = face.photo.face()
    image = original + share * (image.cpu().float() - original)
    made = paste_back(
        one.picture, image, one.crop, square_mask(image.shape[-1]), match=False, original=original
    )
    return one.frame.changed(one.box, one.picture, made)
